"""From a due row to Meta and back, against a Graph API on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from libsql_client import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_database import rows, timestamps
from whatsapp_service.graph.client import GraphClient
from whatsapp_service.graph.status import read_status
from whatsapp_service.scheduler import leases, state
from whatsapp_service.scheduler.graph_health import GraphHealth
from whatsapp_service.scheduler.metrics import SchedulerMetrics
from whatsapp_service.scheduler.rate_limit import RateLimiter
from whatsapp_service.scheduler.scheduler import Scheduler
from whatsapp_service.scheduler.sender import Sender
from whatsapp_service.settings import Settings

Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]
Answer = Callable[[dict[str, Any]], Awaitable[Response]]
NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def _accepted(number: int) -> Response:
    return JSONResponse({"messaging_product": "whatsapp", "messages": [{"id": f"wamid.{number}"}]})


def _error(code: int, status: int = 400) -> Response:
    return JSONResponse({"error": {"message": f"(#{code}) refused", "code": code}}, status)


class _Graph:
    """Meta's side: keeps what it was sent and answers as told."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.answers: list[Response] = []
        self.before_answer: Answer | None = None

    async def messages(self, request: Request) -> Response:
        body = await request.json()
        self.received.append(body)
        self.tokens.add(request.headers["authorization"])
        if self.before_answer is not None:
            await self.before_answer(body)
        return self.answers.pop(0) if self.answers else _accepted(len(self.received))

    async def phone(self, _request: Request) -> Response:
        return JSONResponse({"id": "1055500"})

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/v23.0/1055500/messages", self.messages, methods=["POST"]),
                Route("/v23.0/1055500", self.phone),
            ]
        )


class _Bench:
    """A scheduler in front of the Graph API, with a clock that is set by hand."""

    def __init__(self, settings: Settings, database: Client, graph: _Graph, url: str) -> None:
        self.now = NOW
        self.graph = graph
        self.database = database
        self.client = GraphClient(settings.model_copy(update={"whatsapp_api_url": url}))
        self.metrics = SchedulerMetrics()
        health, limiter = GraphHealth(), RateLimiter(settings.whatsapp_rate_limit_per_minute)
        self.sender = Sender(
            settings,
            database=database,
            graph=self.client,
            health=health,
            limiter=limiter,
            metrics=self.metrics,
            owner="me",
            clock=lambda: self.now,
            random=lambda: 0.0,
        )
        self.scheduler = Scheduler(
            settings,
            database=database,
            graph=self.client,
            health=health,
            limiter=limiter,
            sender=self.sender,
            metrics=self.metrics,
            owner="me",
            clock=lambda: self.now,
        )

    async def insert(self, count: int = 1, *, prioridad: int = 0, contacto_id: int = 1) -> list[int]:
        found: list[int] = []
        for _ in range(count):
            result = await self.database.execute(
                """INSERT INTO whatsapp_notificaciones
                    (empresa_id, contacto_id, plantilla_id, evento, variables, prioridad, programada_para)
                VALUES (7, ?, 1, 'x', '{"nombre": "Ana"}', ?, ?) RETURNING id""",
                (contacto_id, prioridad, timestamps.to_text(self.now)),
            )
            found.append(rows.integer(result[0], "id"))
        return found

    async def row(self, notification_id: int) -> dict[str, Any]:
        result = await self.database.execute(
            "SELECT * FROM whatsapp_notificaciones WHERE id = ?", (notification_id,)
        )
        return dict(result[0].asdict())

    def sends(self, result: str, error_class: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "whatsapp_send_requests_total", {"result": result, "error_class": error_class}
        )


@pytest.fixture
async def bench(settings: Settings, database: Client, serve: Serve) -> AsyncIterator[_Bench]:
    graph = _Graph()
    async with serve(graph.app()) as url:
        made = _Bench(settings.model_copy(update={"batch_size": 5}), database, graph, url)
        yield made
        await made.client.close()


async def test_due_notification_is_sent_and_recorded(bench: _Bench) -> None:
    (notification,) = await bench.insert()
    assert await bench.scheduler.run_once() is False
    sent = bench.graph.received[0]
    assert (sent["to"], sent["biz_opaque_callback_data"]) == ("51987654321", str(notification))
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
    assert (await read_status(bench.database)).status == "healthy"


async def test_a_full_batch_asks_for_the_next_and_urgent_ones_go_first(bench: _Bench) -> None:
    normal = await bench.insert(4)
    urgent = await bench.insert(3, prioridad=2)
    assert await bench.scheduler.run_once() is True
    first = [int(body["biz_opaque_callback_data"]) for body in bench.graph.received]
    assert sorted(first) == sorted([*urgent, *normal[:2]])
    assert await bench.scheduler.run_once() is False
    assert len(bench.graph.received) == 7


async def test_not_yet_due_is_left_alone(bench: _Bench) -> None:
    await bench.insert()
    bench.now -= timedelta(seconds=1)
    await bench.scheduler.run_once()
    assert bench.graph.received == []


async def test_outside_hours_moves_to_the_next_opening(bench: _Bench) -> None:
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


async def test_transient_errors_are_retried_then_fail(bench: _Bench) -> None:
    (notification,) = await bench.insert()
    for due in ("12:00:05", "12:00:25", "12:01:45"):
        bench.graph.answers.append(_error(131000, 500))
        await bench.scheduler.run_once()
        row = await bench.row(notification)
        assert (row["estado"], row["programada_para"]) == ("PENDIENTE", f"2026-01-02T{due}.000Z")
        bench.now = timestamps.from_text(row["programada_para"])
    bench.graph.answers.append(_error(131000, 500))
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["codigo_error"], row["clase_error"]) == ("ERROR", 131000, "transient")
    assert row["intentos"] == 4
    assert (bench.sends("retry", "transient"), bench.sends("failed", "transient")) == (3, 1)


async def test_refusals_about_the_message_fail_at_once(bench: _Bench) -> None:
    (notification,) = await bench.insert()
    bench.graph.answers.append(_error(131026))
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["ultimo_error"]) == ("ERROR", "(131026) (#131026) refused")


async def test_refused_token_holds_everything_and_uses_no_attempt(bench: _Bench) -> None:
    waiting = await bench.insert(5)
    bench.graph.answers = [_error(190, 401)] * 5
    assert await bench.scheduler.run_once() is False
    assert len(bench.graph.received) <= 2
    found = [await bench.row(notification) for notification in waiting]
    assert {(row["estado"], row["intentos"], row["reservada_por"]) for row in found} == {
        ("PENDIENTE", 0, None)
    }
    assert (await read_status(bench.database)).status == "unhealthy"
    await bench.scheduler.run_once()
    assert len(bench.graph.received) <= 2
    bench.graph.answers.clear()
    bench.now += timedelta(seconds=61)
    await bench.scheduler.run_once()
    assert {(await bench.row(notification))["estado"] for notification in waiting} == {"ENVIADA"}


async def test_connection_refused_is_retried(settings: Settings, database: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    bench = _Bench(settings, database, _Graph(), f"http://127.0.0.1:{port}")
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
        bench = _Bench(settings, database, _Graph(), f"http://127.0.0.1:{port}")
        (notification,) = await bench.insert()
        await bench.scheduler.run_once()
        await bench.client.close()
    row = await bench.row(notification)
    assert (row["estado"], row["clase_error"]) == ("DESCONOCIDA", "unknown_outcome")
    assert bench.sends("unknown", "unknown_outcome") == 1


async def test_timeout_after_sending_is_an_unknown_outcome(
    settings: Settings, database: Client, serve: Serve
) -> None:
    graph, release = _Graph(), asyncio.Event()

    async def wait(_body: dict[str, Any]) -> Response:
        await release.wait()
        return Response()

    graph.before_answer = wait
    async with serve(graph.app()) as url:
        bench = _Bench(settings.model_copy(update={"whatsapp_timeout": 0.2}), database, graph, url)
        (notification,) = await bench.insert()
        await bench.scheduler.run_once()
        release.set()
        await bench.client.close()
    assert (await bench.row(notification))["estado"] == "DESCONOCIDA"


async def test_webhook_faster_than_the_answer_is_not_undone(bench: _Bench) -> None:
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


async def test_repeated_message_id_is_not_believed(bench: _Bench) -> None:
    first, second = await bench.insert(2)
    bench.graph.answers = [_accepted(1), _accepted(1)]
    await bench.scheduler.run_once()
    states = {(await bench.row(notification))["estado"] for notification in (first, second)}
    assert states == {"ENVIADA", "DESCONOCIDA"}


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
    bench: _Bench, change: str, error_class: str
) -> None:
    (notification,) = await bench.insert()
    await bench.database.execute(change)
    await bench.scheduler.run_once()
    row = await bench.row(notification)
    assert (row["estado"], row["clase_error"], bench.graph.received) == ("ERROR", error_class, [])


async def test_two_schedulers_never_lease_the_same_row(bench: _Bench) -> None:
    await bench.insert(20)
    taken = await asyncio.gather(
        *(
            leases.lease(bench.database, owner=f"s{n}", now=NOW, duration=timedelta(minutes=1), limit=4)
            for n in range(6)
        )
    )
    ids = [due.id for batch in taken for due in batch]
    assert len(ids) == len(set(ids)) == 20


async def test_expired_lease_is_taken_over_and_the_old_owner_may_not_send(bench: _Bench) -> None:
    (notification,) = await bench.insert()
    minute = timedelta(minutes=1)
    await leases.lease(bench.database, owner="old", now=NOW, duration=minute, limit=1)
    later = NOW + 2 * minute
    assert len(await leases.lease(bench.database, owner="new", now=later, duration=minute, limit=1)) == 1
    assert not await leases.begin_attempt(
        bench.database, notification, owner="old", now=later, until=later + minute
    )
    assert await leases.begin_attempt(
        bench.database, notification, owner="new", now=later, until=later + minute
    )


async def test_send_that_was_cut_off_becomes_unknown_and_is_not_repeated(bench: _Bench) -> None:
    (notification,) = await bench.insert()
    minute = timedelta(minutes=1)
    await leases.lease(bench.database, owner="dead", now=NOW, duration=minute, limit=1)
    await leases.begin_attempt(bench.database, notification, owner="dead", now=NOW, until=NOW + minute)
    await bench.scheduler.run_once()
    assert (await bench.row(notification))["estado"] == "PENDIENTE"
    bench.now += 2 * minute
    await bench.scheduler.run_once()
    assert (await bench.row(notification))["estado"] == "DESCONOCIDA"
    assert bench.graph.received == []


async def test_run_is_woken_reports_and_stops(bench: _Bench) -> None:
    stop = asyncio.Event()
    arrived = asyncio.Event()

    async def note(_body: dict[str, Any]) -> Response:
        arrived.set()
        return Response()

    bench.graph.before_answer = note
    running = asyncio.create_task(bench.scheduler.run(stop))
    async with asyncio.timeout(10):
        while (await state.read_state(bench.database, bench.now)).last_execution is None:
            assert not running.done()
        await bench.insert()
        await state.request_wake(bench.database, bench.now)
        await arrived.wait()
    told = await state.read_state(bench.database, bench.now)
    assert told.running
    assert told.next_execution == "2026-01-02T12:00:30.000Z"
    stop.set()
    async with asyncio.timeout(5):
        await running
    assert not (await state.read_state(bench.database, bench.now)).running
    counted = await bench.database.execute("SELECT estado FROM whatsapp_notificaciones")
    assert [row[0] for row in counted] == ["ENVIADA"]


async def test_hanging_graph_api_does_not_stop_the_heartbeat(settings: Settings, database: Client) -> None:
    release = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bench = _Bench(settings, database, _Graph(), f"http://127.0.0.1:{port}")
        stop = asyncio.Event()
        running = asyncio.create_task(bench.scheduler.run(stop))
        async with asyncio.timeout(5):
            while not (await state.read_state(database, NOW)).running:
                assert not running.done()
        stop.set()
        async with asyncio.timeout(5):
            await running
        release.set()
        await bench.client.close()
    assert (await read_status(database)).status == "unknown"
