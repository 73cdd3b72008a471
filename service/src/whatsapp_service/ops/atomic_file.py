"""Whole-file writes that a reader sees either complete or not at all."""

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, mode: int) -> None:
    """Write `content` beside `path` and rename it into place, synced to disk, with exactly `mode`.

    The mode is set by hand because the units run with a umask that would hide the file from other users.
    The temporary name starts with a dot and has no suffix, so that globs like ``*.prom`` never match it.

    Raises:
        OSError: the directory is missing, full or not writable. Nothing is left behind.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make renames inside `directory` durable.

    Raises:
        OSError: the directory cannot be opened.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
