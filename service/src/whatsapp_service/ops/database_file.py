"""Whole SQLite files: consistent copy while others write, integrity, and what is in them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PAGES_PER_STEP = 1024
"""Pages copied at a time (4 MiB of 4 KiB pages)."""

_BUSY_TIMEOUT_SECONDS = 30.0
_INTEGRITY_MESSAGES = 5


@dataclass(frozen=True, slots=True)
class DatabaseContent:
    """The schema's version (0 when it has none) and the rows of every table."""

    schema_version: int
    rows: dict[str, int]


@contextmanager
def existing_database(path: Path, *, timeout: float = _BUSY_TIMEOUT_SECONDS) -> Iterator[sqlite3.Connection]:
    """A connection to a file that must exist, in autocommit mode; `timeout` is the wait for locks in seconds.

    Raises:
        sqlite3.Error: the file is missing or is not a database.
    """
    uri = f"file:{quote(str(path))}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=timeout)) as connection:
        yield connection


def copy_snapshot(source: Path, target: Path) -> None:
    """Copy one moment of `source` to the new file `target` while other connections read and write.

    The read transaction is opened before the copy starts and kept over its steps: without it SQLite begins
    again whenever another process commits, and under steady writing never ends
    (https://www.sqlite.org/backup.html). In WAL mode it holds up no writer.

    Raises:
        sqlite3.Error: either file cannot be used.
    """
    with existing_database(source) as origin, closing(sqlite3.connect(target, isolation_level=None)) as copy:
        origin.execute("PRAGMA query_only = ON")
        origin.execute("BEGIN")
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
        origin.backup(copy, pages=PAGES_PER_STEP)
        origin.execute("ROLLBACK")
        # One file by itself, without -wal and -shm; the service sets WAL again when it opens a restored one.
        copy.execute("PRAGMA journal_mode = DELETE")


def integrity_problems(path: Path) -> list[str]:
    """What ``PRAGMA integrity_check`` finds, at most a few lines; empty for a sound file."""
    try:
        with existing_database(path) as connection:
            found = connection.execute(f"PRAGMA integrity_check({_INTEGRITY_MESSAGES})").fetchall()
    except sqlite3.DatabaseError as error:
        return [str(error)]
    lines = [str(line) for (line,) in found]
    return [] if lines == ["ok"] else lines


def read_content(path: Path) -> DatabaseContent:
    """Count the rows of every table of a file that nobody else is using.

    Raises:
        sqlite3.Error: the file is not a readable database.
    """
    with existing_database(path) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        ).fetchall()
        tables = sorted(str(name) for (name,) in found)
        rows = {table: _single(connection, f'SELECT count(*) FROM "{table}"') for table in tables}  # noqa: S608 (names from the schema itself)
        version = 0
        if "schema_migrations" in rows:
            version = _single(connection, "SELECT coalesce(max(version), 0) FROM schema_migrations")
    return DatabaseContent(version, rows)


def _single(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
