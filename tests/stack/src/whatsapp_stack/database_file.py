"""The stack's database file, read and filled directly: the tables' names are the operations manual's."""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from whatsapp_stack.fixture import Fixture


@dataclass(frozen=True, slots=True)
class SentNotification:
    """A row in state ENVIADA and Meta's id of its message."""

    id: int
    message_id: str


def insert_due(path: Path, fixture: Fixture, count: int) -> None:
    """Insert notifications that are due now, in one transaction, with the schema's triggers."""
    with _writing(path) as connection:
        _insert(connection, fixture, count, "PENDIENTE")


def insert_sent(path: Path, fixture: Fixture, count: int) -> list[SentNotification]:
    """Insert notifications that were sent and wait for their statuses."""
    with _writing(path) as connection:
        return _insert(connection, fixture, count, "ENVIADA")


def state_counts(path: Path) -> dict[str, int]:
    """Rows of each state, from the counts that triggers keep; cheap."""
    query = "SELECT estado, sum(total) FROM whatsapp_conteo_estados GROUP BY estado HAVING sum(total) > 0"
    with reading(path) as connection:
        return dict(connection.execute(query))


def counted_states(path: Path) -> dict[str, int]:
    """Rows of each state, counted one by one."""
    with reading(path) as connection:
        return dict(
            connection.execute("SELECT estado, count(*) FROM whatsapp_notificaciones GROUP BY estado")
        )


def event_count(path: Path) -> int:
    """Webhook bodies that are kept."""
    with reading(path) as connection:
        count: int = connection.execute("SELECT count(*) FROM whatsapp_webhook_eventos").fetchone()[0]
    return count


def unapplied_events(path: Path, besides: str) -> int:
    """Webhook bodies that are kept and not yet applied, but for those that hold the text `besides`."""
    query = """SELECT count(*) FROM whatsapp_webhook_eventos
        WHERE procesado_at IS NULL AND instr(CAST(cuerpo AS TEXT), ?) = 0"""
    with reading(path) as connection:
        count: int = connection.execute(query, (besides,)).fetchone()[0]
    return count


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot change anything."""
    with contextlib.closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
    ) as found:
        yield found


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        with connection:
            yield connection


def _insert(
    connection: sqlite3.Connection, fixture: Fixture, count: int, estado: str
) -> list[SentNotification]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    variables = json.dumps(fixture.variables)
    inserted = []
    for number in range(count):
        recipient = fixture.recipient(number)
        message_id = None if estado == "PENDIENTE" else f"wamid.{secrets.token_hex(20)}"
        cursor = connection.execute(
            """INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento,
            variables, estado, intentos, whatsapp_message_id, programada_para, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                *(recipient.empresa_id, recipient.contacto_id, fixture.plantilla_id, fixture.evento),
                *(variables, estado, 0 if message_id is None else 1, message_id, now, now, now),
            ),
        )
        if message_id is not None and cursor.lastrowid is not None:
            inserted.append(SentNotification(cursor.lastrowid, message_id))
    return inserted
