"""The running scheduler: woken, told to stop, in front of an API that hangs, beside another."""

from __future__ import annotations

import asyncio
from typing import Any

from libsql_client import Client
from starlette.responses import Response
from whatsapp_service.scheduler import state
from whatsapp_service.scheduler.graph_status import read_status
from whatsapp_service.settings import Settings

from .bench import NOW, GraphApi, SchedulerBench, Serve


async def test_run_is_woken_reports_and_stops(bench: SchedulerBench) -> None:
    arrived = asyncio.Event()

    async def note(_body: dict[str, Any]) -> Response:
        arrived.set()
        return Response()

    bench.graph.before_answer = note
    running = asyncio.create_task(bench.scheduler.run())
    async with asyncio.timeout(10):
        while (await state.read_state(bench.database, bench.now)).last_execution is None:
            assert not running.done()
        told = await state.read_state(bench.database, bench.now)
        assert told.running
        assert told.next_execution == "2026-01-02T12:00:30.000Z"
        await bench.insert()
        await state.request_wake(bench.database, bench.now)
        await arrived.wait()
    bench.context.stop.set()
    async with asyncio.timeout(5):
        await running
    ended = await state.read_state(bench.database, bench.now)
    assert (ended.running, ended.active_jobs) == (False, 0)
    counted = await bench.database.execute("SELECT estado FROM whatsapp_notificaciones")
    assert [row[0] for row in counted] == ["ENVIADA"]


async def test_stop_gives_back_what_waits_for_its_moment(
    settings: Settings, database: Client, serve: Serve
) -> None:
    graph = GraphApi()
    async with serve(graph.app()) as url:
        slow = settings.model_copy(update={"whatsapp_rate_limit_per_minute": 30, "batch_size": 10})
        bench = SchedulerBench(slow, database, graph, url)
        waiting = await bench.insert(10)
        running = asyncio.create_task(bench.scheduler.run())
        async with asyncio.timeout(5):
            while "ENVIADA" not in await bench.states(waiting):
                assert not running.done()
            bench.context.stop.set()
            await running
        await bench.client.close()
    states = await bench.states(waiting)
    assert states.count("PENDIENTE") >= 8
    assert states.count("ENVIADA") + states.count("PENDIENTE") == 10
    leased = await database.execute("SELECT 1 FROM whatsapp_notificaciones WHERE reservada_por IS NOT NULL")
    assert leased.rows == []


async def test_hanging_graph_api_does_not_stop_the_heartbeat(settings: Settings, database: Client) -> None:
    release = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bench = SchedulerBench(settings, database, GraphApi(), f"http://127.0.0.1:{port}")
        running = asyncio.create_task(bench.scheduler.run())
        async with asyncio.timeout(5):
            while not (await state.read_state(database, NOW)).running:
                assert not running.done()
        bench.context.stop.set()
        async with asyncio.timeout(5):
            await running
        release.set()
        await bench.client.close()
    assert (await read_status(database, NOW)).status == "unknown"


async def test_several_schedulers_are_told_as_one(database: Client) -> None:
    def report(sends: int, status: str, error_code: int | None = None) -> state.InstanceReport:
        error_class = None if error_code is None else "auth"
        return state.InstanceReport(1, sends, sends, status, NOW, error_code, error_class)

    await state.beat(database, "a", NOW, report(3, "healthy"))
    await state.beat(database, "b", NOW, report(5, "unhealthy", 190))
    told, graph = await state.read_state(database, NOW), await read_status(database, NOW)
    assert (told.instances, told.active_jobs) == (2, 2)
    assert (graph.status, graph.sends_last_minute, graph.last_error_code) == ("unhealthy", 8, 190)
    await state.record_stop(database, "b")
    assert (await read_status(database, NOW)).status == "healthy"
    later = NOW + 2 * state.STALE_AFTER
    assert not (await state.read_state(database, later)).running
    assert (await read_status(database, later)).last_successful_request == "2026-01-02T12:00:00.000Z"
