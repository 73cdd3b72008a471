"""Cancelling: only what has not been sent, and never while a scheduler has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from libsql_client import Client
from whatsapp_database import rows, timestamps
from whatsapp_service.cancellation import cancel
from whatsapp_service.estados import Estado
from whatsapp_service.refusals import BeingSentError, UnknownNotificationError, WrongStateError

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


async def _insert(database: Client, estado: str = "PENDIENTE", **columns: str | None) -> int:
    names = "".join(f", {name}" for name in columns)
    result = await database.execute(
        f"""INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento, estado{names})
        VALUES (7, 1, 1, 'x', ?{", ?" * len(columns)}) RETURNING id""",  # noqa: S608 - constant texts
        (estado, *columns.values()),
    )
    return rows.integer(result[0], "id")


async def _history(database: Client) -> list[tuple[object, ...]]:
    found = await database.execute(
        "SELECT estado_anterior, estado_nuevo, detalle FROM whatsapp_historial_notificaciones"
    )
    return [row.astuple() for row in found]


async def test_pending_one_is_cancelled_once(database: Client) -> None:
    notification = await _insert(database)
    first = await cancel(database, notification, now=NOW, by="erp")
    second = await cancel(database, notification, now=NOW, by="erp")
    assert (first.changed, second.changed) == (True, False)
    assert await _history(database) == [("PENDIENTE", "CANCELADA", "cancelled by erp")]
    counts = await database.execute("SELECT estado, total FROM whatsapp_conteo_estados ORDER BY estado")
    assert [row.astuple() for row in counts] == [("CANCELADA", 1), ("PENDIENTE", 0)]


async def test_not_while_a_scheduler_has_it(database: Client) -> None:
    soon = timestamps.to_text(NOW + timedelta(seconds=1))
    past = timestamps.to_text(NOW - timedelta(seconds=1))
    leased = await _insert(database, reservada_por="a", reservada_hasta=soon)
    begun = await _insert(database, reservada_por="a", reservada_hasta=past, envio_iniciado_at=past)
    expired = await _insert(database, reservada_por="a", reservada_hasta=past)
    for notification in (leased, begun):
        with pytest.raises(BeingSentError):
            await cancel(database, notification, now=NOW, by="erp")
    assert (await cancel(database, expired, now=NOW, by="erp")).changed
    assert len(await _history(database)) == 1


@pytest.mark.parametrize("estado", ["ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "DESCONOCIDA"])
async def test_not_what_was_sent(database: Client, estado: str) -> None:
    notification = await _insert(database, estado)
    with pytest.raises(WrongStateError) as refused:
        await cancel(database, notification, now=NOW, by="erp")
    assert (refused.value.code, refused.value.estado) == ("not_cancellable", Estado(estado))
    assert await _history(database) == []


async def test_unknown_id(database: Client) -> None:
    with pytest.raises(UnknownNotificationError):
        await cancel(database, 99, now=NOW, by="erp")
