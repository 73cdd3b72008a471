"""GET /health: the manual's shape, and an answer whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from libsql_client import Client
from starlette.types import ASGIApp
from whatsapp_service.api.application import create_app
from whatsapp_service.pauses import Origin, Pause, Scope, pause
from whatsapp_service.scheduler.state import InstanceReport, beat
from whatsapp_service.settings import Settings
from whatsapp_service.store import open_store

Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]


@pytest.fixture
def with_redis(settings: Settings, redis_url: str) -> Settings:
    return settings.model_copy(update={"redis_url": redis_url})


async def _beat(database: Client, now: datetime, *, status: str = "healthy") -> None:
    report = InstanceReport(
        active_jobs=3,
        sends_last_minute=153,
        oldest_send_seconds=45,
        graph_status=status,
        last_successful_request=now,
        last_error_code=None,
        last_error_class=None,
    )
    await beat(database, "host:1:a", now, report)


async def _health(settings: Settings, serve: Serve, path: str = "/health") -> httpx.Response:
    async with serve(create_app(settings)) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        return await client.get(path)


async def test_healthy_has_the_manuals_shape(with_redis: Settings, database: Client, serve: Serve) -> None:
    await _beat(database, datetime.now(UTC))
    response = await _health(with_redis, serve)
    answer = response.json()
    assert (response.status_code, answer["status"]) == (200, "healthy")
    assert answer.keys() == {"status", "version", "uptime_seconds", "components"}
    components = answer["components"]
    assert components["database"].keys() == {
        "status",
        "response_time_ms",
        "active_connections",
        "connection_pool_size",
    }
    whatsapp = components["whatsapp_api"]
    assert whatsapp.keys() >= {
        "status",
        "rate_limit_remaining",
        "rate_limit_reset_seconds",
        "last_successful_request",
    }
    assert (whatsapp["rate_limit_remaining"], whatsapp["rate_limit_reset_seconds"]) == (847, 45)
    assert (whatsapp["paused"], whatsapp["pauses"], whatsapp["api_version"]) == (False, [], "v23.0")
    assert isinstance(whatsapp["api_version_days_left"], int)
    assert components["scheduler"]["active_jobs"] == 3
    assert components["cache"] == {
        "status": "connected",
        "hit_rate": None,
        "used_memory_mb": 64.0,
        "max_memory_mb": 256.0,
    }


async def test_detailed_adds_figures(with_redis: Settings, database: Client, serve: Serve) -> None:
    await _beat(database, datetime.now(UTC))
    answer = (await _health(with_redis, serve, "/health?detailed=true")).json()
    assert answer["metrics"]["pending_notifications"] == 0
    assert answer["metrics"]["schema_version"] >= 2


def _pause(scope: Scope, origin: Origin, error_class: str | None = None) -> Pause:
    since = datetime.now(UTC)
    return Pause(
        scope=scope,
        object_id=0 if scope is Scope.EVERYTHING else 7,
        origin=origin,
        reason="because",
        error_code=None,
        error_class=error_class,
        created_by="somebody",
        since=since,
        until=since + timedelta(minutes=5),
    )


@pytest.mark.parametrize(
    ("scope", "origin", "error_class", "status", "paused"),
    [
        (Scope.EVERYTHING, Origin.OPERATOR, None, "degraded", True),
        (Scope.EVERYTHING, Origin.META, "auth", "degraded", True),
        (Scope.EVERYTHING, Origin.META, "throttled", "healthy", True),
        (Scope.COMPANY, Origin.OPERATOR, None, "healthy", False),
        (Scope.TEMPLATE, Origin.META, "template_held", "healthy", False),
    ],
)
async def test_pauses_are_shown_and_that_of_everything_degrades(
    with_redis: Settings,
    database: Client,
    serve: Serve,
    scope: Scope,
    origin: Origin,
    error_class: str | None,
    status: str,
    paused: bool,
) -> None:
    await _beat(database, datetime.now(UTC))
    await pause(database, _pause(scope, origin, error_class))
    answer = (await _health(with_redis, serve)).json()
    shown = answer["components"]["whatsapp_api"]
    assert (answer["status"], shown["paused"]) == (status, paused)
    assert shown["pauses"][0].keys() == {"scope", "id", "reason", "error_class", "since", "until"}
    assert (shown["pauses"][0]["scope"], shown["pauses"][0]["error_class"]) == (scope.value, error_class)


async def test_unhealthy_graph_api_degrades_and_no_cache_does_not(
    settings: Settings, database: Client, serve: Serve
) -> None:
    uncached = settings.model_copy(update={"redis_url": None})
    await _beat(database, datetime.now(UTC))
    answer = (await _health(uncached, serve)).json()
    assert (answer["status"], answer["components"]["cache"]["status"]) == ("healthy", "disabled")
    await _beat(database, datetime.now(UTC), status="unhealthy")
    assert (await _health(uncached, serve)).json()["status"] == "degraded"


async def test_stopped_scheduler_and_lost_cache_degrade(
    settings: Settings, database: Client, serve: Serve
) -> None:
    await _beat(database, datetime.now(UTC) - timedelta(minutes=1))
    response = await _health(settings, serve)
    components = response.json()["components"]
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert components["scheduler"]["status"] == "stopped"
    assert components["cache"]["status"] == "disconnected"


async def test_lost_database_is_down(settings: Settings, database: Client, serve: Serve) -> None:
    store = open_store(settings)
    async with (
        serve(create_app(settings, database=store)) as url,
        httpx.AsyncClient(base_url=url, timeout=10) as client,
    ):
        await client.get("/health")
        await store.close()
        response = await client.get("/health")
        assert (response.status_code, response.json()["status"]) == (503, "down")
        assert response.json()["components"]["database"]["status"] == "disconnected"
        listing = await client.get("/api/notifications", headers={"X-API-Key": "all"})
        assert listing.json()["error"]["code"] == "internal_error"
        assert (await client.get("/metrics")).status_code == 200


async def test_silent_cache_does_not_hang_it(settings: Settings, database: Client, serve: Serve) -> None:
    silence = asyncio.Event()

    async def never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silence.wait()
        writer.close()

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        silent = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0", "redis_timeout": 60})
        async with asyncio.timeout(8):
            response = await _health(silent, serve)
        silence.set()
    assert response.status_code == 200
    assert response.json()["components"]["cache"]["status"] == "disconnected"
