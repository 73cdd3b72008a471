"""Rows of ``system_maintenance_log``: what was done to the database, when, and how it went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from libsql_client import Client
from whatsapp_database.timestamps import to_text


@dataclass(frozen=True, slots=True)
class MaintenanceRecord:
    """One run of an `operation` (``BACKUP``, ...), `duration` in seconds; `details` hold no data."""

    operation: str
    executed_at: datetime
    succeeded: bool
    duration: float
    details: Mapping[str, object] = field(default_factory=dict)


async def write_record(client: Client, record: MaintenanceRecord) -> None:
    """Add the row.

    Raises:
        DatabaseError: the database cannot be used.
    """
    await client.execute(
        "INSERT INTO system_maintenance_log (operation, executed_at, details, result, duration_ms) "
        "VALUES (?, ?, ?, ?, ?)",
        (
            record.operation,
            to_text(record.executed_at),
            orjson.dumps(record.details, default=str).decode(),
            "ok" if record.succeeded else "error",
            round(record.duration * 1000),
        ),
    )
