"""A database of any number of notifications made in minutes: rows first, then aggregates and indexes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.exporter.aggregates import fill_aggregates
from whatsapp_stack.bench.exporter.notification_rows import Rows, insert_notifications, insert_surroundings
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.commands import command, run
from whatsapp_stack.errors import StackError

_RECIPE: Final = "1"
"""Changed whenever the rows are: a kept database of an older recipe is not used."""
_STEPS_UNTIL_ASKED: Final = 100_000
_BYTES_A_ROW: Final = 600
_BYTES_AT_LEAST: Final = 64 * 2**20
_KEPT_SECONDS: Final = 20 * 86_400.0
"""Scheduled notifications are due after a month."""


async def migrated(path: Path) -> None:
    """Make an empty database of the newest migration. Raises StackError."""
    environ = {"PATH": os.environ["PATH"], "TURSO_DATABASE_URL": f"file:{path}", "OPS_LANGUAGE": "en"}
    await run(command("whatsapp-ops"), "migrate", environ=environ)


async def filled(folder: Path, notifications: int, *, wall: Callable[[], float] = time.time) -> Path:
    """Return the file of a database with so many notifications in `folder`, made unless it is there.

    Raises StackError when the disk is too small. `wall` is Unix time in seconds.
    """
    empty = folder / f"empty-{os.getpid()}.db"
    await migrated(empty)
    try:
        path = folder / f"exporter-{notifications}-{_key(empty)}.db"
        if path.exists() and wall() - path.stat().st_mtime < _KEPT_SECONDS:
            tell(f"{notifications:,} notifications: kept from an earlier run")
            return path
        _make_room(folder, notifications)
        began = time.monotonic()
        stop = threading.Event()
        try:
            await asyncio.to_thread(fill, empty, Rows(notifications, wall()), stop)
        except asyncio.CancelledError:
            stop.set()
            raise
        empty.rename(path)
        size = path.stat().st_size / 2**20
        tell(f"{notifications:,} notifications: made in {time.monotonic() - began:.0f} s, {size:,.0f} MiB")
        return path
    finally:
        for suffix in ("", "-wal", "-shm"):
            empty.with_name(empty.name + suffix).unlink(missing_ok=True)


def _make_room(folder: Path, notifications: int) -> None:
    for older in folder.glob(f"exporter-{notifications}-*"):
        older.unlink()
    require_space_for(folder, {notifications})


def require_space_for(folder: Path, sizes: Set[int]) -> None:
    """Raise StackError unless there is room for those of the databases that `folder` does not have yet."""
    missing = [count for count in sizes if not list(folder.glob(f"exporter-{count}-*.db"))]
    require_space(folder, sum(missing), shutil.disk_usage(folder).free)


def require_space(folder: Path, notifications: int, free: int) -> None:
    """Raise StackError unless the free bytes are enough for such a database."""
    needed = _BYTES_AT_LEAST + notifications * _BYTES_A_ROW
    if free < needed:
        raise StackError(
            f"{notifications:,} notifications need {needed / 2**30:.1f} GiB in {folder}, "
            f"{free / 2**30:.1f} GiB are free: name another folder with --keep"
        )


def fill(path: Path, rows: Rows, stop: threading.Event | None = None) -> None:
    """Fill a migrated, empty database; it is left in WAL mode, with triggers, indexes and statistics.

    Raises sqlite3.OperationalError soon after `stop` is set; the file is of no use then.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if stop is not None:
            connection.set_progress_handler(stop.is_set, _STEPS_UNTIL_ASKED)
        # The file is nobody's until it is done: no journal is needed while it is made.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        connection.execute("PRAGMA threads = 2")
        connection.execute("BEGIN")
        insert_surroundings(connection)
        with _without_triggers_and_indexes(connection):
            for count in insert_notifications(connection, rows):
                _tell(rows, f"{count:,} inserted")
            for step in fill_aggregates(connection, rows):
                _tell(rows, step)
        connection.execute("COMMIT")
        connection.execute("PRAGMA analysis_limit = 1000")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA journal_mode = WAL")


@contextlib.contextmanager
def _without_triggers_and_indexes(connection: sqlite3.Connection) -> Iterator[None]:
    """What the schema has on the notifications and on changes of their contacts is made again at the end."""
    found = connection.execute("""SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL
        AND ((type = 'index' AND tbl_name = 'whatsapp_notificaciones')
            OR (type = 'trigger' AND tbl_name IN ('whatsapp_notificaciones', 'whatsapp_contactos')))
        ORDER BY type, rowid""").fetchall()
    for kind, name, _ in found:
        connection.execute(f'DROP {kind} "{name}"')
    yield
    for kind, name, sql in found:
        connection.execute(sql)
        if kind == "index":
            tell(f"index {name}")


def _tell(rows: Rows, text: str) -> None:
    tell(f"{rows.notifications:,} notifications: {text}")


def _key(path: Path) -> str:
    """A checksum of the schema, of the migrations that made it and of what the rows are made of."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        migrations = connection.execute(
            "SELECT version, checksum FROM schema_migrations ORDER BY 1"
        ).fetchall()
        query = """SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
            ORDER BY type, name"""
        schema = [row[0] for row in connection.execute(query)]
    return hashlib.sha256(json.dumps([_RECIPE, migrations, schema]).encode()).hexdigest()[:16]
