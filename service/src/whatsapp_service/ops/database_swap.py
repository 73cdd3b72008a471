"""Putting another database file in the place of the present one: either the old or the new is there."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from whatsapp_service.ops.atomic_file import sync_directory
from whatsapp_service.ops.database_file import existing_database
from whatsapp_service.ops.errors import TransientError
from whatsapp_service.ops.texts import Texts

# Where every SQLite connection takes its locks: pending byte, reserved byte, 510 shared bytes
# (https://www.sqlite.org/src/file/src/os.h, PENDING_BYTE). In WAL mode a connection keeps its shared lock
# while it is open, so the lock also finds idle ones.
_LOCK_START = 0x40000000
_LOCK_LENGTH = 512

# Files that belong to the database file: a stale one beside another database would be played into it.
_COMPANIONS = ("-wal", "-journal", "-shm")
_SAFETY_INFIX = ".before-restore-"


@contextmanager
def exclusive_use(database: Path, texts: Texts) -> Iterator[None]:
    """Hold SQLite's own locks on the file, readable database or not.

    Raises:
        TransientError: another process has the database open.
        OSError: the file cannot be opened.
    """
    descriptor = os.open(database, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_LENGTH, _LOCK_START)
        except (BlockingIOError, PermissionError) as error:
            raise TransientError(texts("restore_in_use")) from error
        yield
    finally:
        os.close(descriptor)


def fold_wal(database: Path, texts: Texts) -> None:
    """Bring what is in the -wal file into the database, as its last connection would on closing.

    A file that SQLite cannot read is left as it is: its companions are kept with it.

    Raises:
        TransientError: another connection has the database open.
    """
    try:
        with existing_database(database, timeout=0) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & 0xFF) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise TransientError(texts("restore_in_use")) from error
    except sqlite3.DatabaseError:
        # Damaged: exactly what a restore is for.
        return


def swap_database(
    database: Path, candidate: Path, *, timestamp: str, verify: Callable[[Path], None], texts: Texts
) -> Path | None:
    """Put `candidate` (same file system) in the place of `database`, keep the old one, and verify the new.

    Returns where the old database is, or None when there was none. When `verify` raises, or anything else
    interrupts, the old one is back in its place before the error goes on.

    Raises:
        TransientError: the database is in use.
        OSError, and whatever `verify` raises.
    """
    _match_owner(candidate, database)
    if not database.exists():
        _replace_verified(database, candidate, verify, undo=lambda: database.unlink(missing_ok=True))
        return None
    safety = database.with_name(f"{database.name}{_SAFETY_INFIX}{timestamp}")
    fold_wal(database, texts)
    with exclusive_use(database, texts):
        _keep(database, safety)
        _replace_verified(database, candidate, verify, undo=lambda: _put_back(database, safety))
    return safety


def prune_safety_copies(database: Path, *, now: datetime, keep: timedelta, zone: ZoneInfo) -> list[str]:
    """Delete the old databases that restores kept longer than `keep` ago; return their names.

    Raises:
        OSError: a file cannot be deleted.
    """
    deleted = []
    prefix = f"{database.name}{_SAFETY_INFIX}"
    for path in sorted(database.parent.glob(f"{prefix}*")):
        try:
            digits = path.name.removeprefix(prefix)[:15]
            written = datetime.strptime(digits, "%Y%m%d_%H%M%S").replace(tzinfo=zone)
        except ValueError:
            continue
        if written < now - keep:
            path.unlink()
            deleted.append(path.name)
    return deleted


def _replace_verified(
    database: Path, candidate: Path, verify: Callable[[Path], None], *, undo: Callable[[], None]
) -> None:
    verified = False
    try:
        _remove_companions(database)
        candidate.replace(database)
        sync_directory(database.parent)
        verify(database)
        verified = True
    finally:
        if not verified:
            undo()


def _companion(database: Path, suffix: str) -> Path:
    return database.with_name(f"{database.name}{suffix}")


def _keep(database: Path, safety: Path) -> None:
    for suffix in ("", "-wal", "-journal"):
        source, target = _companion(database, suffix), _companion(safety, suffix)
        if not source.exists():
            continue
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:
            # A file system without hard links.
            shutil.copy2(source, target)


def _put_back(database: Path, safety: Path) -> None:
    _remove_companions(database)
    for suffix in ("", "-journal", "-wal"):
        source = _companion(safety, suffix)
        if source.exists():
            source.replace(_companion(database, suffix))
    sync_directory(database.parent)


def _remove_companions(database: Path) -> None:
    for suffix in _COMPANIONS:
        _companion(database, suffix).unlink(missing_ok=True)


def _match_owner(candidate: Path, database: Path) -> None:
    """A restore by the administrator must leave a file that the service can write."""
    exists = database.exists()
    model = (database if exists else database.parent).stat()
    candidate.chmod(model.st_mode & 0o777 if exists else 0o660)
    if os.geteuid() == 0:
        os.chown(candidate, model.st_uid, model.st_gid)
