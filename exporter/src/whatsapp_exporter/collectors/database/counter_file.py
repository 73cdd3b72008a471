"""The file that keeps the counters between starts of the exporter, one for each target.

It is written aside and renamed, so that whoever reads it finds a whole one. It is not synced to disk: the
kernel has what a process wrote that dies. After a power cut the file may be some scrapes older, which shows
the same numbers unless the database was restored in just these scrapes; a torn one is noticed by its
checksum.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import threading
from pathlib import Path
from urllib.parse import quote

from whatsapp_exporter.collectors.database.monotonic import MAX_SERIES, Entries, Entry, Part

MODE = 0o640
MAX_BYTES = 32_000_000
_HEADER = "whatsapp-exporter-counters 1"
_LARGEST = 2**63


class CounterFileError(Exception):
    """The file cannot be read or written, or is not ours to write. The text says why."""


class CounterFile:
    """Reads and writes a target's file. Every method blocks; any thread may call them."""

    def __init__(self, directory: Path, target: str) -> None:
        stem = f"database-counters.{quote(target, safe='')}" if target else "database-counters"
        self.path = directory / f"{stem}.state"
        self._lock_path = directory / f"{stem}.lock"
        self._turn = threading.Lock()
        self._lock: int | None = None
        self._written = 0

    def read(self) -> Entries:
        """Return what was last written. Raises CounterFileError."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError as error:
            raise CounterFileError("there is none yet") from error
        except OSError as error:
            raise CounterFileError(f"it cannot be read: {error.strerror}") from error
        return decode(content)

    def write(self, entries: Entries, number: int) -> None:
        """Put the entries in the file's place unless a later `number` was written. Raises CounterFileError.

        Only one process writes: one that finds the file in another's hands leaves it alone.
        """
        content = encode(entries)
        with self._turn:
            if number <= self._written:
                return
            try:
                self._own()
                self._replace(content)
            except OSError as error:
                raise CounterFileError(f"it cannot be written: {error.strerror}") from error
            self._written = number

    def close(self) -> None:
        """Leave the file to others."""
        with self._turn:
            lock, self._lock = self._lock, None
            if lock is not None:
                os.close(lock)

    def _own(self) -> None:
        if self._lock is not None:
            return
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise CounterFileError("another exporter keeps its counters in it") from error
        except OSError:
            os.close(descriptor)
            raise
        self._lock = descriptor

    def _replace(self, content: bytes) -> None:
        aside = self.path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()  # what a process left that was killed while it wrote
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, MODE)  # whatever the umask
            file.write(content)
        aside.replace(self.path)


def encode(entries: Entries) -> bytes:
    """Return the file's content: a line with a checksum, then JSON."""
    rows = {
        name: [[part, entry.raw, entry.offset] for part, entry in of_metric.items()]
        for name, of_metric in entries.items()
    }
    body = json.dumps(rows, separators=(",", ":")).encode()
    return f"{_HEADER} {hashlib.sha256(body).hexdigest()}\n".encode() + body


def decode(content: bytes) -> Entries:
    """Return what a file holds. Raises CounterFileError for what `encode` did not make."""
    header, _, body = content.partition(b"\n")
    if header != f"{_HEADER} {hashlib.sha256(body).hexdigest()}".encode():
        raise CounterFileError("it is damaged")
    try:
        rows = json.loads(body)
        entries = {
            name: {_part(part): Entry(_count(raw), _count(offset)) for part, raw, offset in of_metric}
            for name, of_metric in rows.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CounterFileError("it is damaged") from error
    if sum(len(one) for one in entries.values()) > MAX_SERIES:
        raise CounterFileError("it is damaged: it holds too many series")
    return entries


def _part(values: object) -> Part:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError("not a series")
    return tuple(values)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        raise ValueError("not a count")
    return value
