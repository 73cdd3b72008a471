"""Secrets, read from files so that they never appear on a command line."""

from pathlib import Path

from whatsapp_world.errors import UsageError

MAX_SECRET_BYTES = 4_096


def read_secret(path: Path, *, what: str) -> str:
    """Return a file's text without surrounding white space.

    Raises UsageError, naming the file and never its content, when it cannot be read, is empty or too large.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
        text = raw.decode().strip()
    except OSError as exc:
        raise UsageError(f"{what}: cannot read {path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{what}: {path} is not UTF-8 text") from exc
    if not text or len(raw) > MAX_SECRET_BYTES:
        raise UsageError(f"{what}: {path} is empty or larger than {MAX_SECRET_BYTES} bytes")
    return text
