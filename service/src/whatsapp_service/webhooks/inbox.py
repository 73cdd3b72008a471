"""Raw webhook bodies (`whatsapp_webhook_eventos`): kept before they are answered, applied afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from libsql_client import Client, InStatement
from whatsapp_database import rows, timestamps

SECOND_LOOK: Final = timedelta(seconds=15)
"""A body whose message ids nobody knew is looked at once more: the send may just not be stored yet."""
_LEFT_BEHIND: Final = timedelta(seconds=10)
"""A body this old belongs to a process that ended, or its first try failed: any worker takes it."""
_PAGE: Final = 200
_PAGE_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """A committed body; `looked_at` when it was applied before and waits for ids that were not known."""

    id: int
    body: bytes
    received_at: datetime
    looked_at: bool = False


async def keep(client: Client, body: bytes, received_at: datetime) -> int:
    """Commit the body and return its id."""
    result = await client.execute(
        "INSERT INTO whatsapp_webhook_eventos (cuerpo, received_at) VALUES (?, ?) RETURNING id",
        (body, timestamps.to_text(received_at)),
    )
    return rows.integer(result[0], "id")


async def left_behind(client: Client, now: datetime) -> list[KeptEvent]:
    """Bodies that nobody applied, or due for a second look, oldest first; a few megabytes at most."""
    found = await client.execute(
        """SELECT id, length(cuerpo) AS size FROM whatsapp_webhook_eventos
        WHERE procesado_at IS NULL AND received_at <= ? AND (reintentar_at IS NULL OR reintentar_at <= ?)
        ORDER BY id LIMIT ?""",
        (timestamps.to_text(now - _LEFT_BEHIND), timestamps.to_text(now), _PAGE),
    )
    ids: list[int] = []
    size = 0
    for row in found:
        size += rows.integer(row, "size")
        if ids and size > _PAGE_BYTES:
            break
        ids.append(rows.integer(row, "id"))
    return await load(client, ids)


async def load(client: Client, ids: list[int]) -> list[KeptEvent]:
    """These bodies, without those that are applied already."""
    if not ids:
        return []
    found = await client.execute(
        """SELECT id, cuerpo, received_at, reintentar_at FROM whatsapp_webhook_eventos
        WHERE id IN (SELECT value FROM json_each(?)) AND procesado_at IS NULL ORDER BY id""",
        (orjson.dumps(ids).decode(),),
    )
    events: list[KeptEvent] = []
    for row in found:
        body = row["cuerpo"]
        events.append(
            KeptEvent(
                id=rows.integer(row, "id"),
                body=body if isinstance(body, bytes) else str(body).encode(),
                received_at=timestamps.from_text(rows.text(row, "received_at")),
                looked_at=row["reintentar_at"] is not None,
            )
        )
    return events


def done(event_id: int, now: datetime, remark: str | None) -> InStatement:
    """The body is applied; `remark` says what in it was not."""
    return (
        "UPDATE whatsapp_webhook_eventos SET procesado_at = ?, error = ? WHERE id = ?",
        (timestamps.to_text(now), remark, event_id),
    )


def look_again(event_id: int, now: datetime) -> InStatement:
    """Apply the body once more later."""
    return (
        "UPDATE whatsapp_webhook_eventos SET reintentar_at = ? WHERE id = ? AND procesado_at IS NULL",
        (timestamps.to_text(now + SECOND_LOOK), event_id),
    )
