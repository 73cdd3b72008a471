"""``whatsapp-ops events``."""

import argparse
import asyncio

import orjson
from libsql_client import Client, InValue
from whatsapp_database import rows

from whatsapp_service.ops.context import OpsContext

_EVENTS = """SELECT campo, evento, objeto, detalle, ocurrido_at, received_at FROM whatsapp_eventos_cuenta
WHERE :field IS NULL OR campo = :field ORDER BY id DESC LIMIT :limit"""


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """What Meta told of templates, quality, limits and the account, newest first."""
    console, texts = context.console, context.texts
    found = asyncio.run(_read(context, options.field, options.max))
    for event in found:
        console.line(
            texts(
                "event_line",
                moment=event["ocurrido_at"],
                field=event["campo"],
                event=event["evento"] or "-",
                object=event["objeto"] or "-",
            )
        )
    if not found:
        console.line(texts("events_none"))
    console.result({"events": found})
    return 0


async def _read(context: OpsContext, field: str | None, limit: int) -> list[dict[str, object]]:
    async with context.open_database(read_only=True) as client:
        return await _events(client, field, limit)


async def _events(client: Client, field: str | None, limit: int) -> list[dict[str, object]]:
    values: dict[str, InValue] = {"field": field, "limit": limit}
    return [
        {**row.asdict(), "detalle": orjson.loads(rows.text(row, "detalle"))}
        for row in await client.execute(_EVENTS, values)
    ]
