"""Streaming reader of the service's JSON logs, rotated and compressed files too."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import orjson

LINE_LIMIT = 64 * 1024
"""Longest line that is parsed, in bytes; the service cuts its own well below."""

_NO_CONTEXT: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log line in the manual's shape ("Configuración de Logs Estructurados")."""

    timestamp: datetime
    level: str
    message: str
    context: Mapping[str, object]
    tags: tuple[str, ...]


@dataclass(slots=True)
class LogReader:
    """Reads the entries of a time window from all log files of a directory, a line at a time.

    Lines that are not log entries are counted, never raised: a report must not fail on one torn line.
    """

    directory: Path
    since: datetime
    until: datetime
    files: int = field(default=0, init=False)
    malformed: int = field(default=0, init=False)
    oversized: int = field(default=0, init=False)

    def entries(self) -> Iterator[LogEntry]:
        """The entries with ``since <= timestamp < until``, file by file (not sorted across files).

        Raises:
            OSError: a file cannot be read, other than having been rotated away meanwhile.
        """
        for path in sorted(self.directory.glob("*.log*")):
            try:
                if not path.is_file() or path.stat().st_mtime < self.since.timestamp():
                    # Last written before the window: nothing in it can belong to the window.
                    continue
                with _open_log(path) as file:
                    self.files += 1
                    yield from self._read(file)
            except FileNotFoundError:
                continue
            except (EOFError, zlib.error, gzip.BadGzipFile):
                # A file cut short by a full disk: what could be read has been read.
                self.malformed += 1

    def _read(self, file: BinaryIO) -> Iterator[LogEntry]:
        inside_oversized = False
        while line := file.readline(LINE_LIMIT):
            complete = line.endswith(b"\n")
            if inside_oversized:
                inside_oversized = not complete
                continue
            if not complete and len(line) == LINE_LIMIT:
                self.oversized += 1
                inside_oversized = True
                continue
            entry = _parse(line)
            if entry is None:
                if line.strip():
                    self.malformed += 1
            elif self.since <= entry.timestamp < self.until:
                yield entry


def _open_log(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]  # GzipFile has all of BinaryIO that is used
    return path.open("rb")


def _parse(line: bytes) -> LogEntry | None:
    try:
        document = orjson.loads(line)
        timestamp = datetime.fromisoformat(document["timestamp"])
        level, message = document["level"], document["message"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(level, str) or not isinstance(message, str):
        return None
    context, tags = document.get("context"), document.get("tags")
    return LogEntry(
        timestamp=timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC),
        level=level,
        message=message,
        context=context if isinstance(context, dict) else _NO_CONTEXT,
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
    )
