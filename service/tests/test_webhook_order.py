"""Any order, duplication and split of a stream of statuses ends in the same row (property tests)."""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libsql_client import Client
from whatsapp_database import migrate, open_database
from whatsapp_service.webhooks import inbox
from whatsapp_service.webhooks.applying import apply_events

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MESSAGES = ("wamid.a", "wamid.b")


@dataclass(frozen=True)
class Delivery:
    """One stream of statuses as two receivers got it: bodies of statuses, in different orders."""

    first: list[list[dict[str, Any]]]
    second: list[list[dict[str, Any]]]


@st.composite
def _statuses(draw: st.DrawFn) -> dict[str, Any]:
    status = draw(st.sampled_from(["sent", "delivered", "read", "failed", "played", "new_one"]))
    message = draw(st.integers(0, 1))
    item: dict[str, Any] = {
        "id": MESSAGES[message],
        "status": status,
        "timestamp": str(int(NOW.timestamp()) + draw(st.integers(-3, 3))),
        "biz_opaque_callback_data": f"{message + 1}.1",
    }
    if status == "failed":
        code = draw(st.sampled_from([131026, 131049, 131000]))
        item["errors"] = [{"code": code, "title": f"refused {code}"}]
    elif status in {"sent", "delivered"}:
        item["pricing"] = {"billable": True, "category": "utility", "type": "regular"}
    return item


def _bodies(draw: st.DrawFn, statuses: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    doubled = statuses + draw(st.lists(st.sampled_from(statuses), max_size=4))
    order = draw(st.permutations(doubled))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    edges = [0, *cuts, len(order)]
    return [order[start:end] for start, end in itertools.pairwise(edges)]


@st.composite
def _deliveries(draw: st.DrawFn) -> Delivery:
    statuses = draw(st.lists(_statuses(), min_size=1, max_size=8))
    return Delivery(_bodies(draw, statuses), _bodies(draw, statuses))


async def _rows_after(client: Client, bodies: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    await client.batch(
        [
            "DELETE FROM whatsapp_notificaciones",
            "DELETE FROM whatsapp_metricas_diarias",
            "DELETE FROM whatsapp_contadores",
            """INSERT INTO whatsapp_notificaciones
                (id, empresa_id, contacto_id, plantilla_id, evento, intentos, envio_numero, estado,
                whatsapp_message_id)
            VALUES (1, 7, 1, 1, 'x', 1, 1, 'ENVIADA', 'wamid.a'),
                (2, 7, 1, 1, 'x', 1, 1, 'DESCONOCIDA', NULL)""",
        ]
    )
    await client.execute(
        "UPDATE whatsapp_notificaciones SET enviada_at = '2026-01-02T12:00:00.500Z' WHERE id = 1"
    )
    for statuses in bodies:
        body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": {"statuses": statuses}}]}]})
        event_id = await inbox.keep(client, body.encode(), NOW)
        await apply_events(client, [inbox.KeptEvent(event_id, body.encode(), NOW)], NOW)
    found = await client.execute(
        """SELECT id, estado, whatsapp_message_id, enviada_at, entregada_at, leida_at, fallida_at,
            codigo_error, clase_error, ultimo_error, facturable, cobro_categoria
        FROM whatsapp_notificaciones ORDER BY id"""
    )
    # A counter never goes down: of two errors the one that came first stays counted, whichever the row keeps.
    totals = await client.execute(
        """SELECT nombre, dimension, iif(dimension = 'error', '', clave) AS what, sum(valor) AS valor
        FROM whatsapp_contadores GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    )
    daily = await client.execute(
        "SELECT total, enviadas, entregadas, leidas, errores FROM whatsapp_metricas_diarias"
    )
    return [row.asdict() for result in (found, totals, daily) for row in result]


async def _compare(path: Path, delivery: Delivery) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    async with open_database(f"file:{path}") as client:
        if await migrate(client):
            await client.batch(
                [
                    """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
                    VALUES (1, 7, 'Ana', '+51987654321')""",
                    """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
                    VALUES (1, 'x', 'x', 'Hola')""",
                ]
            )
        return await _rows_after(client, delivery.first), await _rows_after(client, delivery.second)


@pytest.mark.parametrize("examples", [40, pytest.param(120, marks=pytest.mark.slow)])
def test_the_order_of_statuses_does_not_matter(examples: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notifications.db"

        @settings(max_examples=examples, deadline=None)
        @given(_deliveries())
        def check(delivery: Delivery) -> None:
            first, second = asyncio.run(_compare(path, delivery))
            assert first == second

        check()


def test_totals_count_each_milestone_once() -> None:
    statuses = [
        {"id": "wamid.a", "status": name, "timestamp": str(int(NOW.timestamp()))}
        for name in ("read", "delivered", "sent", "read", "delivered")
    ]
    with tempfile.TemporaryDirectory() as folder:
        delivery = Delivery([statuses], [[status] for status in reversed(statuses)])
        first, second = asyncio.run(_compare(Path(folder) / "notifications.db", delivery))
    assert first == second
    totals = {row["nombre"]: row["valor"] for row in first if "nombre" in row}
    assert totals == {"accepted": 2, "sent": 1, "delivered": 1, "read": 1}
