"""What each kind of refusal does to the message, to the others and to the pauses."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from typing import Any

import pytest
from libsql_client import Client
from starlette.responses import Response
from whatsapp_database import timestamps
from whatsapp_service.pauses import Origin, Scope, active_pauses, resume
from whatsapp_service.scheduler.graph_watch import GraphWatch
from whatsapp_service.settings import Settings

from .bench import NOW, GraphApi, SchedulerBench, Serve, refused


async def test_transient_errors_are_retried_then_fail(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()
    for due in ("12:00:05", "12:00:25", "12:01:45"):
        bench.graph.answers.append(refused(131000, 500))
        await bench.scheduler.run_once()
        row = await bench.row(notification)
        assert (row["estado"], row["programada_para"]) == ("PENDIENTE", f"2026-01-02T{due}.000Z")
        bench.now = timestamps.from_text(row["programada_para"])
    bench.graph.answers.append(refused(131000, 500))
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["codigo_error"], row["clase_error"]) == ("ERROR", 131000, "transient")
    assert (row["intentos"], row["envio_numero"]) == (4, 4)
    assert (bench.sends("retry", "transient"), bench.sends("failed", "transient")) == (3, 1)


async def test_refusals_about_the_message_fail_at_once(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()
    bench.graph.answers.append(refused(131026))
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["ultimo_error"]) == ("ERROR", "(131026) (#131026) refused")
    contact = (await bench.database.execute("SELECT * FROM whatsapp_contactos WHERE id = 1"))[0]
    assert (contact["telefono_codigo_error"], contact["telefono_rechazado_at"]) == (
        131026,
        "2026-01-02T12:00:00.000Z",
    )


@pytest.mark.parametrize(
    ("code", "error_class", "seconds"), [(190, "auth", 60), (131031, "sender_blocked", 300)]
)
async def test_refused_sender_pauses_everything_and_loses_nothing(
    bench: SchedulerBench, code: int, error_class: str, seconds: int
) -> None:
    waiting = await bench.insert(5)
    bench.graph.answers = [refused(code, 401)] * 5
    await bench.scheduler.run_once()
    found = [await bench.row(notification) for notification in waiting]
    assert {(row["estado"], row["intentos"], row["reservada_por"]) for row in found} == {
        ("PENDIENTE", 0, None)
    }
    (held,) = await active_pauses(bench.database, bench.now)
    assert (held.scope, held.origin, held.error_code) == (Scope.EVERYTHING, Origin.META, code)
    assert held.until == NOW + timedelta(seconds=seconds)
    assert bench.context.health.status == "unhealthy"
    asked = len(bench.graph.received)
    await bench.scheduler.run_once()
    assert len(bench.graph.received) == asked
    bench.now += timedelta(seconds=seconds + 1)
    bench.graph.answers = [refused(code, 401)]
    await bench.scheduler.run_once()  # one message is the trial
    assert len(bench.graph.received) == asked + 1
    bench.now += timedelta(seconds=seconds + 1)
    bench.graph.answers = []
    await bench.scheduler.run_once()
    await bench.scheduler.run_once()
    assert set(await bench.states(waiting)) == {"ENVIADA"}


async def test_token_that_works_again_ends_its_pause(bench: SchedulerBench) -> None:
    await bench.insert()
    bench.graph.answers = [refused(190, 401)]
    await bench.scheduler.run_once()
    bench.now += timedelta(seconds=50)
    watch = GraphWatch(bench.context)
    await watch.probe_when_needed()
    assert len(await active_pauses(bench.database, bench.now)) == 1  # asked not long ago
    bench.now += timedelta(seconds=9.5)
    bench.context.health.last_call = None
    await watch.probe_when_needed()
    assert await active_pauses(bench.database, bench.now) == []
    assert bench.context.health.status == "healthy"


async def test_health_status_of_the_number_is_believed(bench: SchedulerBench) -> None:
    error = {"error_code": 141006, "error_description": "no payment method"}
    entities = [{"entity_type": "WABA", "can_send_message": "BLOCKED", "errors": [error]}]
    bench.graph.phone_answer = {
        "id": "1055500",
        "health_status": {"can_send_message": "BLOCKED", "entities": entities},
    }
    await GraphWatch(bench.context).probe_when_needed()
    health = bench.context.health
    assert (health.status, health.error.code if health.error else None) == ("unhealthy", 141006)


async def test_throttling_pauses_for_seconds(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()
    bench.graph.answers = [refused(130429, 429)]
    await bench.scheduler.run_once()
    (held,) = await active_pauses(bench.database, bench.now)
    assert held.until == NOW + timedelta(seconds=15)
    bench.now += timedelta(seconds=16)
    await bench.scheduler.run_once()
    assert (await bench.row(notification))["estado"] == "ENVIADA"


async def test_paused_template_holds_its_own_messages_only(bench: SchedulerBench) -> None:
    await bench.database.execute(
        """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
        VALUES (2, 'otra', 'otra', 'Hola')"""
    )
    (held,) = await bench.insert()
    bench.graph.answers = [refused(132015)]
    await bench.scheduler.run_once()
    others = await bench.insert(plantilla_id=2)
    await bench.scheduler.run_once()
    assert await bench.states([held, *others]) == ["PENDIENTE", "ENVIADA"]
    assert (await bench.row(held))["intentos"] == 0
    assert await resume(bench.database, Scope.TEMPLATE, 1) == 1
    await bench.scheduler.run_once()
    assert await bench.states([held]) == ["ENVIADA"]


async def test_recipient_throttling_holds_that_recipient_only(bench: SchedulerBench) -> None:
    await bench.database.execute("UPDATE whatsapp_contactos SET activo = 1 WHERE id = 2")
    (first,) = await bench.insert()
    bench.graph.answers = [refused(131056)]
    await bench.scheduler.run_once()
    same, other = (await bench.insert())[0], (await bench.insert(contacto_id=2))[0]
    await bench.scheduler.run_once()
    assert await bench.states([first, same, other]) == ["PENDIENTE", "PENDIENTE", "ENVIADA"]
    assert (await bench.row(same))["programada_para"] == "2026-01-02T12:00:05.000Z"
    for seconds, sent in ((5, 1), (6, 2)):  # one message every six seconds from then on
        bench.now += timedelta(seconds=seconds)
        await bench.scheduler.run_once()
        assert (await bench.states([first, same])).count("ENVIADA") == sent


async def test_connection_refused_is_retried(settings: Settings, database: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    bench = SchedulerBench(settings, database, GraphApi(), f"http://127.0.0.1:{port}")
    (notification,) = await bench.insert()
    await bench.scheduler.run_once()
    await bench.client.close()
    row = await bench.row(notification)
    assert (row["estado"], row["clase_error"]) == ("PENDIENTE", "network")


async def test_no_answer_after_sending_is_an_unknown_outcome(settings: Settings, database: Client) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bench = SchedulerBench(settings, database, GraphApi(), f"http://127.0.0.1:{port}")
        (notification,) = await bench.insert()
        await bench.scheduler.run_once()
        await bench.client.close()
    row = await bench.row(notification)
    assert (row["estado"], row["clase_error"]) == ("DESCONOCIDA", "unknown_outcome")
    assert bench.sends("unknown", "unknown_outcome") == 1


async def test_timeout_after_sending_is_an_unknown_outcome(
    settings: Settings, database: Client, serve: Serve
) -> None:
    graph, release = GraphApi(), asyncio.Event()

    async def wait(_body: dict[str, Any]) -> Response:
        await release.wait()
        return Response()

    graph.before_answer = wait
    async with serve(graph.app()) as url:
        bench = SchedulerBench(settings.model_copy(update={"whatsapp_timeout": 0.2}), database, graph, url)
        (notification,) = await bench.insert()
        await bench.scheduler.run_once()
        release.set()
        await bench.client.close()
    assert (await bench.row(notification))["estado"] == "DESCONOCIDA"
