"""Who runs the command, for pauses, histories and logs."""

import re
from collections.abc import Mapping

_UNFIT = re.compile(r"[^A-Za-z0-9_.@-]")


def operator_name(environ: Mapping[str, str]) -> str:
    """``ops:<login>``: the login that called sudo, else that of the session; ``ops`` when none is told."""
    login = environ.get("SUDO_USER") or environ.get("LOGNAME") or environ.get("USER") or ""
    login = _UNFIT.sub("", login)[:32]
    return f"ops:{login}" if login else "ops"
