"""Raw webhook bodies (`whatsapp_webhook_eventos`): kept before they are answered, applied afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from libsql_client import Client, InStatement
from whatsapp_database import rows, timestamps

from whatsapp_service.webhooks.events import StatusUpdate, UnreadableEventError, parse_event
from whatsapp_service.webhooks.updates import statements_for

_CHUNK: Final = 100
"""Statuses in one transaction: a body of 1,000 must not hold the only writer for long."""


@dataclass(frozen=True, slots=True)
class EventResult:
    """What a body did: states changed, statuses late or repeated, ids not ours, items not readable."""

    changed: int = 0
    without_effect: int = 0
    unknown: int = 0
    unreadable: int = 0
    error: str | None = None


async def keep(client: Client, body: bytes, received_at: datetime) -> int:
    """Commit the body and return its id."""
    result = await client.execute(
        "INSERT INTO whatsapp_webhook_eventos (cuerpo, received_at) VALUES (?, ?) RETURNING id",
        (body, timestamps.to_text(received_at)),
    )
    return rows.integer(result[0], "id")


async def pending_ids(client: Client, *, received_before: datetime, limit: int = 100) -> list[int]:
    """Bodies that were kept and not applied, oldest first."""
    result = await client.execute(
        """SELECT id FROM whatsapp_webhook_eventos WHERE procesado_at IS NULL AND received_at <= ?
        ORDER BY id LIMIT ?""",
        (timestamps.to_text(received_before), limit),
    )
    return [rows.integer(row, "id") for row in result]


async def apply(
    client: Client,
    event_id: int,
    *,
    now: datetime,
    observe_lag: Callable[[timedelta], None] = lambda _lag: None,
) -> EventResult | None:
    """Apply a kept body; None when it was applied before or is gone. Safe to repeat after a crash halfway."""
    found = await client.execute(
        "SELECT cuerpo, received_at FROM whatsapp_webhook_eventos WHERE id = ? AND procesado_at IS NULL",
        (event_id,),
    )
    if not found.rows:
        return None
    body, received_at = found[0]["cuerpo"], timestamps.from_text(rows.text(found[0], "received_at"))
    try:
        event = parse_event(body if isinstance(body, bytes) else str(body).encode())
    except UnreadableEventError as error:
        await client.execute(*_mark(event_id, now, str(error)))
        return EventResult(error=str(error))
    changed = unknown = 0
    for start in range(0, len(event.statuses), _CHUNK):
        chunk = event.statuses[start : start + _CHUNK]
        chunk_changed, chunk_unknown = await _apply_chunk(client, chunk, now)
        changed += chunk_changed
        unknown += chunk_unknown
    for status in event.statuses:
        observe_lag(received_at - status.occurred_at)
    remark = f"{event.unreadable} unreadable, {unknown} unknown" if event.unreadable or unknown else None
    await client.execute(*_mark(event_id, now, remark))
    return EventResult(
        changed=changed,
        without_effect=len(event.statuses) - changed - unknown,
        unknown=unknown,
        unreadable=event.unreadable,
        error=remark,
    )


async def _apply_chunk(client: Client, chunk: tuple[StatusUpdate, ...], now: datetime) -> tuple[int, int]:
    statements: list[InStatement] = []
    for status in chunk:
        statements.extend(statements_for(status, now))
    results = await client.batch(statements)
    changed = unknown = 0
    for known, _history, update in zip(results[::3], results[1::3], results[2::3], strict=True):
        changed += update.rows_affected
        unknown += len(known) == 0
    return changed, unknown


def _mark(event_id: int, now: datetime, error: str | None) -> tuple[str, tuple[str, str | None, int]]:
    return (
        "UPDATE whatsapp_webhook_eventos SET procesado_at = ?, error = ? WHERE id = ?",
        (timestamps.to_text(now), error, event_id),
    )
