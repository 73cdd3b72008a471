"""The traffic generator against a real HTTP server."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from whatsapp_world.clock import Clock
from whatsapp_world.fixture.document import build_document
from whatsapp_world.traffic.generator import TrafficGenerator
from whatsapp_world.traffic.requests import RequestSource

Serve = Callable[[Starlette], AbstractAsyncContextManager[str]]
Received = asyncio.Queue[tuple[dict[str, Any], str, str]]
NOW = datetime(2025, 1, 23, 14, 30, tzinfo=UTC)
FAST = 600_000.0


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - repeatable traffic, not cryptography


@pytest.fixture
def source() -> RequestSource:
    document = build_document(companies=2, contacts_per_company=3)
    return RequestSource(document, seeded(7), future_share=0.02)


@pytest.fixture
def start(serve: Serve, source: RequestSource, clock: Clock) -> Callable[..., Any]:
    """Run a generator against an API that gives the answers listed, then 201."""

    @asynccontextmanager
    async def running(answers: list[int]) -> AsyncIterator[tuple[TrafficGenerator, Received]]:
        received: Received = asyncio.Queue()

        async def create(request: Request) -> Response:
            headers = request.headers
            await received.put((await request.json(), headers["X-API-Key"], headers["Idempotency-Key"]))
            return JSONResponse({}, status_code=answers.pop(0) if answers else 201)

        app = Starlette(routes=[Route("/api/notifications", create, methods=["POST"])])
        async with serve(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
            generator = TrafficGenerator(
                client=client,
                source=source,
                api_key="lab-key",
                rate=FAST,
                clock=clock,
                randomness=seeded(7),
                first_backoff_seconds=0.001,
            )
            stop = asyncio.Event()
            task = asyncio.create_task(generator.run(stop))
            try:
                yield generator, received
            finally:
                stop.set()
                await asyncio.wait_for(task, 10)

    return running


async def take(received: Received, amount: int) -> list[tuple[dict[str, Any], str, str]]:
    return [await asyncio.wait_for(received.get(), 10) for _ in range(amount)]


async def test_posts_notifications_of_the_document(start: Callable[..., Any]) -> None:
    async with start([]) as (_, received):
        requests = await take(received, 20)

    bodies = [body for body, _, _ in requests]
    assert {key for _, key, _ in requests} == {"lab-key"}
    assert len({idempotency for _, _, idempotency in requests}) == 20
    assert {body["empresa_id"] for body in bodies} == {1, 2}
    assert all((body["contacto_id"] - 1) // 3 + 1 == body["empresa_id"] for body in bodies)
    assert all(value and "\n" not in value for body in bodies for value in body["variables"].values())


async def test_repeats_the_same_notification_until_the_api_is_back(
    start: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="whatsapp_world.traffic.generator")
    async with start([201, 503, 503, 429]) as (generator, received):
        requests = await take(received, 6)

    keys = [idempotency for _, _, idempotency in requests]
    messages = [record.getMessage() for record in caplog.records]
    assert keys[1] == keys[2] == keys[3] == keys[4]
    assert len(set(keys)) == 3
    assert generator.counts.failed == 3
    assert messages[:4] == [
        "traffic: API accepting (accepted 1 so far)",
        "traffic: API answering HTTP 503 (accepted 1 so far)",
        "traffic: API answering HTTP 429 (accepted 1 so far)",
        "traffic: API accepting (accepted 2 so far)",
    ]


async def test_gives_up_what_the_api_refuses(start: Callable[..., Any]) -> None:
    async with start([422]) as (generator, received):
        first, second = await take(received, 2)

    assert first[2] != second[2]
    assert generator.counts.refused == 1


async def test_survives_an_api_that_is_down(
    source: RequestSource, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    attempts = 0

    async def refuse(_request: httpx.Request) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 3:
            stop.set()

    hooks = {"request": [refuse]}
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", trust_env=False, event_hooks=hooks) as client:
        generator = TrafficGenerator(
            client=client,
            source=source,
            api_key="lab-key",
            rate=FAST,
            clock=clock,
            randomness=seeded(7),
            first_backoff_seconds=0.001,
        )
        await asyncio.wait_for(generator.run(stop), 10)

    assert generator.counts.failed == 3
    assert [record.getMessage() for record in caplog.records] == [
        "traffic: API unreachable (ConnectError) (accepted 0 so far)"
    ]


def test_a_share_is_for_later() -> None:
    document = build_document(companies=8, contacts_per_company=25)
    requests = RequestSource(document, seeded(3), future_share=0.5)
    bodies = [requests.draw(NOW).body for _ in range(200)]

    due = [
        datetime.fromisoformat(str(body["programada_para"])) for body in bodies if "programada_para" in body
    ]
    assert 60 < len(due) < 140
    assert all(timedelta(minutes=5) <= moment - NOW <= timedelta(minutes=120) for moment in due)


def test_the_same_seed_asks_for_the_same() -> None:
    document = build_document(companies=8, contacts_per_company=25)
    first = RequestSource(document, seeded(5), future_share=0.02)
    second = RequestSource(document, seeded(5), future_share=0.02)

    assert [first.draw(NOW).body for _ in range(30)] == [second.draw(NOW).body for _ in range(30)]
