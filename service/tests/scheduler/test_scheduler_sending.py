"""From a due row to Meta and back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import Response

from .bench import NOW, SchedulerBench, accepted


async def test_due_notification_is_sent_and_recorded(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()
    assert await bench.scheduler.run_once() is False
    sent = bench.graph.received[0]
    assert (sent["to"], sent["biz_opaque_callback_data"]) == ("51987654321", f"{notification}.1")
    assert sent["template"]["components"][0]["parameters"] == [{"type": "text", "text": "Ana"}]
    assert bench.graph.tokens == {"Bearer access"}
    row = await bench.row(notification)
    assert (row["estado"], row["whatsapp_message_id"], row["intentos"]) == ("ENVIADA", "wamid.1", 1)
    assert (row["reservada_por"], row["envio_iniciado_at"]) == (None, None)
    history = await bench.database.execute(
        "SELECT estado_anterior, estado_nuevo FROM whatsapp_historial_notificaciones"
    )
    assert [line.astuple() for line in history] == [("PENDIENTE", "ENVIADA")]
    assert bench.sends("accepted", "none") == 1
    assert bench.context.health.status == "healthy"
    assert bench.context.window.count(NOW) == 1


async def test_a_full_batch_asks_for_the_next_and_urgent_ones_go_first(bench: SchedulerBench) -> None:
    normal = await bench.insert(4)
    urgent = await bench.insert(3, prioridad=2)
    assert await bench.scheduler.run_once() is True
    first = [int(body["biz_opaque_callback_data"].partition(".")[0]) for body in bench.graph.received]
    assert sorted(first) == sorted([*urgent, *normal[:2]])
    assert await bench.scheduler.run_once() is False
    assert len(bench.graph.received) == 7


async def test_not_yet_due_is_left_alone(bench: SchedulerBench) -> None:
    await bench.insert()
    bench.now -= timedelta(seconds=1)
    await bench.scheduler.run_once()
    assert bench.graph.received == []


async def test_outside_hours_moves_to_the_next_opening(bench: SchedulerBench) -> None:
    await bench.database.execute(
        """INSERT INTO whatsapp_configuracion_horarios
            (empresa_id, empresa_nombre, zona_horaria, hora_inicio, hora_fin, dias)
        VALUES (7, 'Siete', 'America/Lima', '08:00', '18:00', '[1,2,3,4,5]')"""
    )
    (notification,) = await bench.insert()  # Friday 07:00 in Lima
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["programada_para"], row["intentos"]) == (
        "PENDIENTE",
        "2026-01-02T13:00:00.000Z",
        0,
    )
    bench.now = NOW + timedelta(hours=1)
    await bench.scheduler.run_once()
    assert (await bench.row(notification))["estado"] == "ENVIADA"


async def test_unusable_hours_put_off_and_send_nothing(bench: SchedulerBench) -> None:
    await bench.database.execute(
        """INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre, zona_horaria)
        VALUES (7, 'Siete', 'Nowhere/Never')"""
    )
    (notification,) = await bench.insert()
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["programada_para"]) == ("PENDIENTE", "2026-01-02T12:15:00.000Z")
    assert bench.graph.received == []


async def test_webhook_faster_than_the_answer_is_not_undone(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()

    async def delivered_already(_body: dict[str, Any]) -> Response:
        await bench.database.execute(
            "UPDATE whatsapp_notificaciones SET estado = 'ENTREGADA', whatsapp_message_id = 'wamid.1'"
        )
        return Response()

    bench.graph.before_answer = delivered_already
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["whatsapp_message_id"]) == ("ENTREGADA", "wamid.1")


async def test_repeated_message_id_is_not_believed(bench: SchedulerBench) -> None:
    both = await bench.insert(2)
    bench.graph.answers = [accepted(1), accepted(1)]
    await bench.scheduler.run_once()
    assert set(await bench.states(both)) == {"ENVIADA", "DESCONOCIDA"}


@pytest.mark.parametrize(
    ("change", "error_class"),
    [
        ("UPDATE whatsapp_contactos SET activo = 0", "request"),
        ("UPDATE whatsapp_contactos SET telefono = '+51'", "recipient"),
        ("UPDATE whatsapp_plantillas_mensajes SET activo = 0", "request"),
        ("UPDATE whatsapp_notificaciones SET variables = '{}'", "request"),
    ],
)
async def test_what_cannot_be_sent_fails_without_a_request(
    bench: SchedulerBench, change: str, error_class: str
) -> None:
    (notification,) = await bench.insert()
    await bench.database.execute(change)
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["clase_error"], bench.graph.received) == ("ERROR", error_class, [])
    assert row["fallida_at"] is not None
    bad = await bench.database.execute(
        "SELECT id FROM whatsapp_contactos WHERE telefono_rechazado_at NOTNULL"
    )
    assert [line[0] for line in bad] == ([1] if error_class == "recipient" else [])


async def test_log_follows_the_request_to_the_message_without_its_number(
    bench: SchedulerBench, caplog: pytest.LogCaptureFixture
) -> None:
    (notification,) = await bench.insert()
    await bench.database.execute("UPDATE whatsapp_notificaciones SET request_id = 'req_abc'")
    bench.graph.answers = [accepted("HBgLNTE5ODc2NTQzMjEVAgARGBI5QTNDQUFEMDA")]
    with caplog.at_level("INFO"):
        await bench.scheduler.run_once()
    (record,) = [line for line in caplog.records if line.getMessage() == "Notification sent successfully"]
    context = record.__dict__["event_context"]
    assert (context["request_id"], context["notification_id"]) == ("req_abc", notification)
    assert re.fullmatch(r"wamid\.….{8}", context["whatsapp_message_id"])
    assert "51987654321" not in caplog.text
