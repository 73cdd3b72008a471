"""Sending again: what is reset, what is refused, and bounded batches by filter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from libsql_client import Client, InValue, Row
from whatsapp_database import rows, timestamps
from whatsapp_service.refusals import (
    BeingSentError,
    ChangeRefusedError,
    UnknownNotificationError,
    WrongStateError,
)
from whatsapp_service.requeue import RequeueCounts, Selection, requeue, requeue_matching

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)  # a Friday


async def _insert(database: Client, estado: str = "ERROR", **columns: InValue) -> int:
    values: dict[str, InValue] = {
        "empresa_id": 7,
        "plantilla_id": 1,
        "fecha_metrica": "2026-01-01",
        **columns,
    }
    result = await database.execute(
        f"""INSERT INTO whatsapp_notificaciones (contacto_id, evento, estado, {", ".join(values)})
        VALUES (1, 'x', ?{", ?" * len(values)}) RETURNING id""",  # noqa: S608 - constant texts
        (estado, *values.values()),
    )
    return rows.integer(result[0], "id")


async def _row(database: Client, notification: int) -> Row:
    return (await database.execute("SELECT * FROM whatsapp_notificaciones WHERE id = ?", (notification,)))[0]


async def _hours(database: Client, empresa_id: int, days: str) -> None:
    await database.execute(
        """INSERT INTO whatsapp_configuracion_horarios
            (empresa_id, empresa_nombre, zona_horaria, hora_inicio, hora_fin, dias)
        VALUES (?, 'x', 'UTC', '09:00', '18:00', ?)""",
        (empresa_id, days),
    )


async def test_failed_one_starts_afresh(database: Client) -> None:
    notification = await _insert(
        database,
        intentos=4,
        whatsapp_message_id="wamid.1",
        enviada_at="2026-01-01T10:00:00.000Z",
        codigo_error=131026,
        clase_error="recipient",
        ultimo_error="(131026) x",
        envio_numero=3,
        facturable=0,
    )
    done = await requeue(database, notification, now=NOW, by="ops")
    assert (done.id, done.due) == (notification, NOW)
    row = await _row(database, notification)
    assert (row["estado"], row["intentos"], row["envio_numero"]) == ("PENDIENTE", 0, 4)
    assert row["programada_para"] == timestamps.to_text(NOW)
    cleared = ("whatsapp_message_id", "enviada_at", "fallida_at", "codigo_error", "clase_error", "facturable")
    assert [row[name] for name in cleared] == [None] * len(cleared)
    history = await database.execute(
        "SELECT estado_anterior, estado_nuevo, detalle FROM whatsapp_historial_notificaciones"
    )
    assert [line.astuple() for line in history] == [
        ("ERROR", "PENDIENTE", "requeued by ops: due at 2026-01-02T12:00:00.000Z")
    ]


async def test_the_days_figures_count_each_notification_once(database: Client) -> None:
    notification = await _insert(database, enviada_at="2026-01-01T10:00:00.000Z")
    await requeue(database, notification, now=NOW, by="ops")
    figures = "SELECT total, enviadas, errores FROM whatsapp_metricas_diarias"
    assert (await database.execute(figures))[0].astuple() == (1, 0, 0)
    await database.execute("UPDATE whatsapp_notificaciones SET estado = 'ENVIADA'")
    assert (await database.execute(figures))[0].astuple() == (1, 1, 0)


async def test_due_at_the_companys_next_opening(database: Client) -> None:
    await _hours(database, 7, "[6]")
    done = await requeue(database, await _insert(database), now=NOW, by="ops")
    assert done.due == datetime(2026, 1, 3, 9, 0, tzinfo=UTC)


async def test_company_that_never_opens(database: Client) -> None:
    await _hours(database, 7, "[]")
    with pytest.raises(ChangeRefusedError) as refused:
        await requeue(database, await _insert(database), now=NOW, by="ops")
    assert refused.value.code == "never_open"


@pytest.mark.parametrize("estado", ["PENDIENTE", "ENVIADA", "CANCELADA", "DESCONOCIDA"])
async def test_other_states_are_refused(database: Client, estado: str) -> None:
    notification = await _insert(database, estado)
    with pytest.raises(WrongStateError) as refused:
        await requeue(database, notification, now=NOW, by="ops")
    assert refused.value.code == "not_requeueable"
    assert (await _row(database, notification))["estado"] == estado


async def test_unknown_outcome_only_when_asked_for(database: Client) -> None:
    notification = await _insert(database, "DESCONOCIDA")
    await requeue(database, notification, now=NOW, by="ops", include_unknown=True)
    assert (await _row(database, notification))["estado"] == "PENDIENTE"


async def test_arrived_is_never_sent_again(database: Client) -> None:
    for estado in ("ERROR", "DESCONOCIDA", "LEIDA"):
        notification = await _insert(database, estado, entregada_at="2026-01-01T10:00:00.000Z")
        with pytest.raises(WrongStateError) as refused:
            await requeue(database, notification, now=NOW, by="ops", include_unknown=True)
        assert refused.value.code == "arrived"


async def test_not_while_its_send_has_no_answer(database: Client) -> None:
    begun = timestamps.to_text(NOW - timedelta(seconds=5))
    open_send = await _insert(
        database, envio_iniciado_at=begun, reservada_hasta=timestamps.to_text(NOW + timedelta(seconds=5))
    )
    with pytest.raises(BeingSentError):
        await requeue(database, open_send, now=NOW, by="ops")
    given_up = await _insert(database, envio_iniciado_at=begun, reservada_hasta=begun)
    assert (await requeue(database, given_up, now=NOW, by="ops")).id == given_up


async def test_unknown_id(database: Client) -> None:
    with pytest.raises(UnknownNotificationError):
        await requeue(database, 99, now=NOW, by="ops")


async def test_filter_narrows(database: Client) -> None:
    wanted = await _insert(
        database,
        clase_error="recipient",
        codigo_error=131026,
        created_at="2026-01-01T10:00:00.000Z",
    )
    await _insert(database, empresa_id=8, clase_error="recipient", codigo_error=131026)
    await _insert(database, clase_error="template", codigo_error=132001)
    await _insert(
        database, clase_error="recipient", codigo_error=131026, created_at="2026-01-01T11:00:00.000Z"
    )
    await _insert(database, "DESCONOCIDA", clase_error="recipient", codigo_error=131026)
    hour = datetime(2026, 1, 1, 10, tzinfo=UTC)
    selection = Selection(7, 1, 131026, "recipient", since=hour, until=hour + timedelta(hours=1))
    counts = await requeue_matching(database, selection, now=NOW, by="ops", limit=100)
    assert counts == RequeueCounts(requeued=1, left=0, more=False)
    assert (await _row(database, wanted))["estado"] == "PENDIENTE"
    for other in (replace(selection, plantilla_id=2), replace(selection, codigo_error=1)):
        counts = await requeue_matching(database, other, now=NOW, by="ops", limit=100)
        assert counts == RequeueCounts(0, 0, more=False)


async def test_batches_are_bounded_and_go_on(database: Client) -> None:
    await _hours(database, 8, "[]")
    for number in range(450):
        await _insert(database, empresa_id=8 if number == 1 else 7)
    await _insert(database, "DESCONOCIDA")
    everything = Selection(include_unknown=True)
    first = await requeue_matching(database, everything, now=NOW, by="ops", limit=250)
    second = await requeue_matching(database, everything, now=NOW, by="ops", limit=1000)
    assert (first.requeued, first.left, first.more) == (250, 1, True)
    assert (second.requeued, second.left, second.more) == (200, 1, False)
    left = await database.execute("SELECT count(*) FROM whatsapp_historial_notificaciones")
    assert left[0][0] == 450
