"""Giving the pages that deletions freed back to the file system, a little at a time."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from whatsapp_service.ops.database_file import existing_database

PAGES_PER_STEP = 500
"""Pages given back in one transaction (2 MB of 4 KiB pages), so that a writer waits milliseconds."""

_PAUSE_SECONDS = 0.02


def release_free_pages(database: Path, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Shrink a ``file:`` database by its free pages while others read and write; return how many went.

    A database made without ``auto_vacuum = INCREMENTAL`` gives nothing back.

    Raises:
        sqlite3.Error: the database cannot be used.
    """
    released = 0
    with existing_database(database) as connection:
        free = _free_pages(connection)
        while free:
            # The pragma frees one page each time that it is stepped, and `execute` steps a statement without
            # columns only once: `executescript` runs it to its end.
            connection.executescript(f"PRAGMA incremental_vacuum({PAGES_PER_STEP})")
            left = _free_pages(connection)
            if left >= free:
                break
            released, free = released + free - left, left
            sleep(_PAUSE_SECONDS)
    return released


def _free_pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])
