"""Backups of a ``file:`` database while the service runs (manual: "Backup Automático")."""

import shutil
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

from whatsapp_database.timestamps import to_text

from whatsapp_service.clock import Clock
from whatsapp_service.ops.atomic_file import sync_directory
from whatsapp_service.ops.backup_archive import BackupArchive, BackupEntry, Manifest, file_sha256
from whatsapp_service.ops.compression import DamagedArchiveError, compress, decompress
from whatsapp_service.ops.database_file import (
    DatabaseContent,
    copy_snapshot,
    integrity_problems,
    read_content,
)
from whatsapp_service.ops.errors import PermanentError, TransientError
from whatsapp_service.ops.texts import Texts

_WORK_PREFIX = ".whatsapp-backup-"
_SPACE_MARGIN_BYTES = 16 * 1024 * 1024


def make_backup(database: Path, archive: BackupArchive, *, now: Clock, texts: Texts) -> Manifest:
    """Copy, compress, verify by restoring to scratch, and only then give the backup its name and manifest.

    The caller holds the backup job's lock. Nothing but complete backups is left in the directory.

    Raises:
        PermanentError: there is no database, or the copy did not verify.
        TransientError: there is no room, or the name is taken.
        sqlite3.Error, OSError: the database or the directory cannot be used.
    """
    if not database.is_file():
        raise PermanentError(texts("database_absent", path=database))
    archive.directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    remove_leftovers(archive.directory, _WORK_PREFIX)
    require_space(archive.directory, 2 * _size_with_wal(database), texts)

    started = now()
    timestamp = archive.timestamp_of(started)
    data = archive.data_path(timestamp)
    if data.exists() or archive.manifest_path(timestamp).exists():
        raise TransientError(texts("backup_exists", name=data.name))

    with tempfile.TemporaryDirectory(prefix=_WORK_PREFIX, dir=archive.directory) as work:
        copy, packed = Path(work) / data.stem, Path(work) / data.name
        copy_snapshot(database, copy)
        content = read_content(copy)
        plain = compress(copy, packed, mode=0o640)
        copy.unlink()
        manifest = Manifest(
            timestamp=timestamp,
            file=data.name,
            created_at=to_text(started),
            finished_at=to_text(now()),
            schema_version=content.schema_version,
            rows=content.rows,
            size_bytes=packed.stat().st_size,
            sha256=file_sha256(packed),
            database_size_bytes=plain.size,
            database_sha256=plain.sha256,
            sqlite_version=sqlite3.sqlite_version,
        )
        unpack_verified(
            BackupEntry(timestamp, packed, archive.manifest_path(timestamp), manifest),
            Path(work) / "scratch.db",
            texts,
        )
        packed.replace(data)
    sync_directory(archive.directory)
    manifest = replace(manifest, finished_at=to_text(now()))
    archive.write_manifest(manifest)
    return manifest


def unpack_verified(entry: BackupEntry, target: Path, texts: Texts) -> DatabaseContent:
    """Unpack a backup to the new file `target` and check all that its manifest says about it.

    Raises:
        PermanentError: the backup is damaged or incomplete.
        OSError: a file cannot be read or written.
    """
    name, manifest = entry.data.name, entry.manifest
    if manifest is None:
        raise PermanentError(texts("backup_manifest_invalid", name=entry.manifest_path.name))
    found = entry.data.stat().st_size
    if found != manifest.size_bytes:
        raise PermanentError(texts("backup_size", name=name, found=found, expected=manifest.size_bytes))
    if file_sha256(entry.data) != manifest.sha256:
        raise PermanentError(texts("backup_checksum", name=name))
    try:
        plain = decompress(entry.data, target, limit=manifest.database_size_bytes)
    except DamagedArchiveError as error:
        raise PermanentError(texts("backup_unreadable", name=name)) from error
    if plain.sha256 != manifest.database_sha256:
        raise PermanentError(texts("backup_checksum", name=name))
    problems = integrity_problems(target)
    if problems:
        raise PermanentError(texts("backup_integrity", detail=problems[0]))
    content = read_content(target)
    if content.rows != manifest.rows:
        tables = sorted(set(content.rows) | set(manifest.rows))
        differing = next(table for table in tables if content.rows.get(table) != manifest.rows.get(table))
        raise PermanentError(texts("backup_counts_differ", table=differing))
    return content


def require_space(directory: Path, needed: int, texts: Texts) -> None:
    """Refuse to start what would fill the disk that `directory` is on.

    Raises:
        TransientError: fewer than `needed` bytes and a margin are free.
    """
    missing = needed + _SPACE_MARGIN_BYTES - shutil.disk_usage(directory).free
    if missing > 0:
        raise TransientError(texts("backup_no_space", missing=missing, path=directory))


def remove_leftovers(directory: Path, prefix: str) -> None:
    """Delete the work of a run that was killed; the job's lock says that none is running.

    Raises:
        OSError: something cannot be deleted.
    """
    for path in directory.glob(f"{prefix}*"):
        shutil.rmtree(path)


def _size_with_wal(database: Path) -> int:
    wal = database.with_name(f"{database.name}-wal")
    return database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
