"""What Meta told about templates, quality, limits and the account (`whatsapp_eventos_cuenta`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from libsql_client import Client, InValue, Row
from whatsapp_database import rows

_ABOVE_ALL_IDS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """One event: Meta's field, what happened, what it is about, and the rest of what Meta said.

    `occurred_at` is Meta's time and `received_at` ours, both stored UTC text.
    """

    id: int
    field: str
    event: str | None
    subject: str | None
    detail: dict[str, Any]
    occurred_at: str
    received_at: str


async def list_events(
    client: Client, *, field: str | None = None, before: int | None = None, limit: int = 50
) -> list[AccountEvent]:
    """The newest events (of one field) with ids below `before`."""
    narrowed = "" if field is None else "AND campo = :field"
    values: dict[str, InValue] = {"before": before or _ABOVE_ALL_IDS, "limit": limit}
    if field is not None:
        values["field"] = field
    result = await client.execute(
        f"""SELECT * FROM whatsapp_eventos_cuenta WHERE id < :before {narrowed}
        ORDER BY id DESC LIMIT :limit""",  # noqa: S608 - constant texts
        values,
    )
    return [_event(row) for row in result]


def _event(row: Row) -> AccountEvent:
    detail = orjson.loads(rows.text(row, "detalle"))
    return AccountEvent(
        id=rows.integer(row, "id"),
        field=rows.text(row, "campo"),
        event=rows.optional_text(row, "evento"),
        subject=rows.optional_text(row, "objeto"),
        detail=detail if isinstance(detail, dict) else {"value": detail},
        occurred_at=rows.text(row, "ocurrido_at"),
        received_at=rows.text(row, "received_at"),
    )
