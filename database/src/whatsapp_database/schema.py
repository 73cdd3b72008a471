"""Numbered migrations: each applied once, in a transaction, and recorded with the checksum of its text."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from libsql_client import Client

from whatsapp_database import rows
from whatsapp_database.errors import ConstraintError, SchemaError

_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_RECORD_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its number, name and SQL."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def statements(self) -> list[str]:
        """The single statements, a trigger's body kept whole."""
        found: list[str] = []
        pending = ""
        for line in self.sql.splitlines(keepends=True):
            pending += line
            if sqlite3.complete_statement(pending):
                found.append(pending.strip())
                pending = ""
        if any(not line.startswith("--") for line in pending.split("\n") if line.strip()):
            raise SchemaError(
                f"migration {self.version:04d} ends in an incomplete statement", "SCHEMA_INCOMPLETE"
            )
        return found


def packaged_migrations() -> list[Migration]:
    """The migrations that belong to this version of the code, in order."""
    return read_migrations(resources.files("whatsapp_database") / "migrations")


def read_migrations(folder: Traversable) -> list[Migration]:
    """Read `NNNN_name.sql` files. Raises SchemaError when numbers are doubled or missing."""
    found: list[Migration] = []
    for entry in folder.iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            found.append(Migration(int(match.group(1)), match.group(2), entry.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise SchemaError("migrations must be numbered 0001, 0002, ... without gaps", "SCHEMA_NUMBERING")
    return found


async def migrate(client: Client, migrations: Sequence[Migration] | None = None) -> list[int]:
    """Bring the schema to the code's version; returns the versions applied now, oldest first.

    Safe to run again and from two processes at once. Raises SchemaError when an applied migration was edited
    or the database is newer than the code; then nothing is changed.
    """
    wanted = packaged_migrations() if migrations is None else list(migrations)
    applied_now: list[int] = []
    for migration in wanted:
        if not await _is_applied(client, migration, wanted) and await _apply(client, migration, wanted):
            applied_now.append(migration.version)
    return applied_now


async def _apply(client: Client, migration: Migration, wanted: Sequence[Migration]) -> bool:
    """Apply and record it in one batch; False when another process was first.

    One batch is one request to a server, which cuts transactions after 5 s. The record comes first: of two
    processes that apply the same migration, the second finds it there and changes nothing.
    """
    record = (
        "INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)",
        (migration.version, migration.name, migration.checksum),
    )
    try:
        await client.batch([_RECORD_TABLE, record, *migration.statements()])
    except ConstraintError:
        if await _is_applied(client, migration, wanted):
            return False
        raise
    return True


async def _is_applied(client: Client, migration: Migration, wanted: Sequence[Migration]) -> bool:
    recorded = await _recorded(client)
    _check(recorded, wanted)
    return migration.version in recorded


async def schema_version(client: Client) -> int:
    """The newest applied version, 0 for a database without our schema."""
    return max(await _recorded(client), default=0)


async def require_current_schema(client: Client) -> None:
    """Raise SchemaError unless the database has exactly the code's migrations."""
    wanted = packaged_migrations()
    recorded = await _recorded(client)
    _check(recorded, wanted)
    version, expected = max(recorded, default=0), wanted[-1].version
    if version < expected:
        raise SchemaError(
            f"the database schema is at version {version}, this code needs {expected}:"
            " run `whatsapp-ops migrate`",
            "SCHEMA_OUTDATED",
        )


async def _recorded(client: Client) -> dict[int, str]:
    exists = await client.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
    )
    if not exists.rows:
        return {}
    result = await client.execute("SELECT version, checksum FROM schema_migrations")
    return {rows.integer(row, "version"): rows.text(row, "checksum") for row in result}


def _check(recorded: dict[int, str], wanted: Sequence[Migration]) -> None:
    known = {migration.version: migration for migration in wanted}
    for version, checksum in sorted(recorded.items()):
        migration = known.get(version)
        if migration is None:
            raise SchemaError(
                f"the database has migration {version:04d}, which this code does not know:"
                " install a newer version",
                "SCHEMA_NEWER",
            )
        if migration.checksum != checksum:
            raise SchemaError(
                f"migration {version:04d}_{migration.name} was changed after it was applied", "SCHEMA_CHANGED"
            )
