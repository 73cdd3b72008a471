"""Restoring a backup (manual: "Procedimiento de Recuperación")."""

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from whatsapp_database import packaged_migrations

from whatsapp_service.ops.backup import remove_leftovers, require_space, unpack_verified
from whatsapp_service.ops.backup_archive import BackupArchive, BackupEntry
from whatsapp_service.ops.database_file import DatabaseContent, existing_database, read_content
from whatsapp_service.ops.database_swap import exclusive_use, fold_wal, swap_database
from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.revoked_keys import keep_revoked
from whatsapp_service.ops.texts import Texts

MAIN_TABLES = (
    "whatsapp_notificaciones",
    "whatsapp_contactos",
    "whatsapp_plantillas_mensajes",
    "whatsapp_configuracion_horarios",
    "whatsapp_historial_notificaciones",
    "whatsapp_metricas_diarias",
)
"""The tables that the manual verifies after a restore."""

_WORK_PREFIX = ".whatsapp-restore-"


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What was restored; `safety` is the database of before, `pending` how many are still to be sent.

    `keys_revoked` counts the API keys that stay revoked though the backup has them working; None when the
    database of before could not tell.
    """

    entry: BackupEntry
    content: DatabaseContent
    safety: Path | None
    pending: int
    keys_revoked: int | None
    known_schema: int


def restore_backup(
    database: Path, archive: BackupArchive, timestamp: str | None, *, now: datetime, texts: Texts
) -> RestoreResult:
    """Put the backup of that time (the newest for None) in the place of the database.

    The caller holds every job's lock and has stopped the units. Before anything is touched the backup is
    unpacked and verified; the old database is kept beside the new, and is back in its place if anything
    fails.

    Raises:
        PermanentError: there is no such backup, or it is damaged or newer than this program.
        TransientError: the database is in use, or there is no room.
        sqlite3.Error, OSError: a file cannot be used.
    """
    entry = archive.find(timestamp)
    size = entry.manifest.database_size_bytes if entry.manifest else 0
    database.parent.mkdir(mode=0o770, parents=True, exist_ok=True)
    if database.exists():
        # Told before the long part; asked again when it counts.
        fold_wal(database, texts)
        with exclusive_use(database, texts):
            pass
    remove_leftovers(database.parent, _WORK_PREFIX)
    require_space(database.parent, size, texts)
    known = packaged_migrations()[-1].version
    with tempfile.TemporaryDirectory(prefix=_WORK_PREFIX, dir=database.parent) as work:
        candidate = Path(work) / database.name
        content = unpack_verified(entry, candidate, texts)
        _require_usable(content, known, texts)

        def verify(restored: Path) -> None:
            if read_content(restored) != content:
                raise PermanentError(
                    texts("restore_rolled_back", detail=texts("backup_checksum", name=restored.name))
                )

        safety = swap_database(
            database, candidate, timestamp=archive.timestamp_of(now), verify=verify, texts=texts
        )
    with existing_database(database) as connection:
        pending = _pending(connection)
    return RestoreResult(entry, content, safety, pending, keep_revoked(database, safety), known)


def _require_usable(content: DatabaseContent, known: int, texts: Texts) -> None:
    for table in MAIN_TABLES:
        if table not in content.rows:
            raise PermanentError(texts("restore_table_missing", table=table))
    if content.schema_version > known:
        raise PermanentError(texts("restore_newer_schema", found=content.schema_version, known=known))


def _pending(connection: sqlite3.Connection) -> int:
    with closing(
        connection.execute("SELECT count(*) FROM whatsapp_notificaciones WHERE estado = 'PENDIENTE'")
    ) as cursor:
        return int(cursor.fetchone()[0])
