"""Keeping API keys revoked over a restore: a backup of before does not know that they were."""

import sqlite3
from pathlib import Path

from whatsapp_service.ops.database_file import existing_database


def keep_revoked(restored: Path, previous: Path | None) -> int | None:
    """Revoke in `restored` the keys that were revoked in `previous`; how many that are.

    None when the previous database is absent or cannot be read, so that nobody knows.

    Raises:
        sqlite3.Error: the restored database cannot be used.
    """
    revoked = None if previous is None else _revoked(previous)
    if revoked is None:
        return None
    with existing_database(restored) as connection:
        if not _has_keys(connection):
            return 0
        return connection.executemany(
            "UPDATE whatsapp_claves_api SET revocada_at = ? WHERE sha256 = ? AND revocada_at IS NULL", revoked
        ).rowcount


def _revoked(previous: Path) -> list[tuple[str, str]] | None:
    try:
        with existing_database(previous) as connection:
            if not _has_keys(connection):
                return []
            return connection.execute(
                "SELECT revocada_at, sha256 FROM whatsapp_claves_api WHERE revocada_at IS NOT NULL"
            ).fetchall()
    except sqlite3.DatabaseError:  # damaged: exactly what a restore is for
        return None


def _has_keys(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'whatsapp_claves_api'").fetchone()
    return found is not None
