"""The settings file for runs outside systemd (cron, an administrator's shell)."""

import re
from collections.abc import Mapping
from pathlib import Path

from whatsapp_service.ops.errors import UsageError

_ESCAPED = re.compile(r'\\([\\"$`])')


def read_environment_file(path: Path) -> dict[str, str]:
    """Read ``KEY=value`` lines as systemd's ``EnvironmentFile=`` does: comments, blank lines, quoted values.

    Raises:
        UsageError: the file cannot be read or a line is no assignment.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"{path}: {reason}") from error
    found = {}
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"{path}:{number}: KEY=value")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            quote, value = value[0], value[1:-1]
            if quote == '"':
                value = _ESCAPED.sub(r"\1", value)
        found[name] = value
    return found


def with_file(environ: Mapping[str, str], path: Path | None) -> dict[str, str]:
    """The environment, completed by the file; what is set in the environment wins.

    Raises:
        UsageError: see `read_environment_file`.
    """
    return {**(read_environment_file(path) if path is not None else {}), **environ}
