"""The client of libSQL servers when something fails: what is repeated, and what is told of a write."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from whatsapp_database import (
    ConstraintError,
    HranaClient,
    HranaLimits,
    OutcomeUnknownError,
    PermanentDatabaseError,
    PoolSettings,
    TransientDatabaseError,
    open_database,
)
from whatsapp_database.hrana.address import ServerAddress
from whatsapp_database.hrana.backoff import Backoff


class RunningServer(Protocol):
    @property
    def url(self) -> str: ...
    def inject(self, kind: str, **members: object) -> None: ...
    def requests(self) -> int: ...


Serve = Callable[..., AbstractAsyncContextManager[RunningServer]]
ServeApp = Callable[[Starlette], AbstractAsyncContextManager[str]]
Answer = Callable[[Request], Awaitable[Response]]

INSERT = "INSERT INTO t (v) VALUES ('a')"
COUNT = "SELECT count(*) FROM t"


class Pauses:
    """A sleep that only remembers, and a random number that is always a half."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.backoff = Backoff(sleep=self._sleep, randomness=lambda: 0.5)

    async def _sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


def client_of(url: str, pauses: Pauses | None = None, **limits: float) -> HranaClient:
    return HranaClient(
        ServerAddress.parse(url),
        "token-value",
        pool=PoolSettings(size=2, busy_timeout=0.5),
        limits=HranaLimits(**limits),  # type: ignore[arg-type] # attempts are whole
        backoff=pauses.backoff if pauses else None,
    )


@pytest.fixture
async def server(serve: Serve) -> AsyncIterator[RunningServer]:
    async with serve(busy_seconds=0.1) as running:
        async with open_database(running.url) as client:
            await client.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        yield running


async def count(server: RunningServer) -> object:
    async with open_database(server.url) as client:
        return (await client.execute(COUNT))[0][0]


@pytest.mark.parametrize("executed", [True, False])
async def test_write_whose_connection_breaks_is_not_repeated(server: RunningServer, executed: bool) -> None:
    async with client_of(server.url) as client:
        for write in (lambda: client.execute(INSERT), lambda: client.batch([INSERT, COUNT])):
            before = await count(server)
            server.inject("drop", executed=executed, count=1)
            with pytest.raises(OutcomeUnknownError, match="not known whether the write was done"):
                await write()
            assert await count(server) == before + executed  # type: ignore[operator] # a number


async def test_read_whose_connection_breaks_is_repeated(server: RunningServer, pauses: Pauses) -> None:
    async with client_of(server.url, pauses) as client:
        server.inject("drop", count=1)
        assert (await client.execute(COUNT))[0][0] == 0
        server.inject("http_error", http_status=502, count=2)
        assert (await client.batch([COUNT, "SELECT 1"]))[1][0][0] == 1
        assert pauses.seconds == pytest.approx([0.0375, 0.0375, 0.075])
        server.inject("http_error", http_status=503)
        before = server.requests()
        with pytest.raises(TransientDatabaseError, match="HTTP 503") as raised:
            await client.execute(COUNT)
        assert not isinstance(raised.value, OutcomeUnknownError)
        assert server.requests() == before  # turned away each time
        assert len(pauses.seconds) == 5


async def test_server_error_leaves_the_outcome_of_a_write_open(server: RunningServer) -> None:
    async with client_of(server.url) as client:
        server.inject("http_error", http_status=504, executed=True, count=1)
        with pytest.raises(OutcomeUnknownError) as raised:
            await client.execute(INSERT)
        assert raised.value.code == "HTTP_504"
        assert await count(server) == 1


async def test_answer_that_takes_too_long(server: RunningServer) -> None:
    async with client_of(server.url, request_timeout=0.3) as client:
        server.inject("delay", seconds=1)
        for call, kind in (
            (client.execute(INSERT), OutcomeUnknownError),
            (client.execute(COUNT), TransientDatabaseError),
        ):
            before = server.requests()
            with pytest.raises(kind, match=r"no answer from .* within 0.3 s") as raised:
                await call
            assert raised.value.code == "TIMEOUT"
            assert type(raised.value) is OutcomeUnknownError or kind is TransientDatabaseError
            assert server.requests() == before + 1


async def test_no_connection_is_tried_again_also_for_writes(pauses: Pauses) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port
        async with client_of(f"http://127.0.0.1:{unused.getsockname()[1]}", pauses) as client:
            with pytest.raises(TransientDatabaseError, match="Connection refused") as raised:
                await client.execute(INSERT)
    assert not isinstance(raised.value, OutcomeUnknownError)
    assert len(pauses.seconds) == 2


async def test_lost_answer_to_a_commit(server: RunningServer) -> None:
    async with client_of(server.url) as client:
        transaction = client.transaction()
        await transaction.execute(INSERT)
        server.inject("drop", count=1)
        with pytest.raises(OutcomeUnknownError):
            await transaction.commit()
        assert transaction.closed
    assert await count(server) == 1


async def test_lost_answer_inside_a_transaction_ends_it_undone(server: RunningServer) -> None:
    async with client_of(server.url) as client:
        transaction = client.transaction()
        await transaction.execute(INSERT)
        server.inject("drop", count=1)
        with pytest.raises(TransientDatabaseError) as raised:
            await transaction.execute(INSERT)
        assert not isinstance(raised.value, OutcomeUnknownError)
        assert transaction.closed
    assert await count(server) == 0


async def test_expired_stream_ends_the_transaction_undone(server: RunningServer) -> None:
    async with client_of(server.url) as client:
        with client.transaction() as transaction:
            server.inject("expire", count=1)
            await transaction.execute(INSERT)
            with pytest.raises(TransientDatabaseError) as raised:
                await transaction.commit()
        assert raised.value.code == "STREAM_EXPIRED"
        assert not isinstance(raised.value, OutcomeUnknownError)
    assert await count(server) == 0


class ManualClock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


async def test_transaction_that_is_cut_does_not_go_on_statement_by_statement(serve: Serve) -> None:
    clock = ManualClock()
    async with serve(clock=clock) as server, client_of(server.url) as client:
        await client.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        transaction = client.transaction()
        await transaction.execute(INSERT)
        clock.seconds += 6
        with pytest.raises(TransientDatabaseError) as raised:
            await transaction.execute(INSERT)
        assert raised.value.code == "TRANSACTION_TIMEOUT"
        assert transaction.closed
        assert await count(server) == 0


async def test_locked_database_is_tried_again_until_the_busy_timeout(
    server: RunningServer, pauses: Pauses
) -> None:
    async with client_of(server.url, pauses) as client, client_of(server.url) as other:
        transaction = other.transaction()
        await transaction.execute(INSERT)
        for call in (client.execute(INSERT), client.batch([INSERT]), client.transaction().execute(INSERT)):
            with pytest.raises(TransientDatabaseError, match="database is locked") as raised:
                await call
            assert raised.value.code == "SQLITE_BUSY"
        assert len(pauses.seconds) >= 3
        waiting = asyncio.create_task(client.batch([INSERT]))
        await transaction.commit()
        await waiting
    assert await count(server) == 2


async def test_wrong_token(serve: Serve) -> None:
    async with serve(token="right-token") as server, open_database(server.url, "wrong-token") as client:
        with pytest.raises(
            PermanentDatabaseError, match=r"refused the database token \(HTTP 401\)"
        ) as raised:
            await client.execute("SELECT 1")
        assert "wrong-token" not in str(raised.value)
        assert server.requests() == 0
        async with open_database(server.url, "right-token") as trusted:
            assert (await trusted.execute("SELECT 1"))[0][0] == 1


def scripted(answer: Answer) -> Starlette:
    """A server that answers every pipeline in its own way."""
    return Starlette(routes=[Route("/{version}/pipeline", answer, methods=["POST"])])


async def test_request_that_is_turned_away_is_repeated(serve_app: ServeApp, pauses: Pauses) -> None:
    statuses = [429, 429, 401]

    async def answer(_request: Request) -> Response:
        return PlainTextResponse("slow down", status_code=statuses.pop(0))

    async with serve_app(scripted(answer)) as url, client_of(url, pauses) as client:
        with pytest.raises(PermanentDatabaseError, match="HTTP 401"):
            await client.execute(INSERT)
    assert statuses == []


async def test_refusal_that_repeats_the_request_is_not_repeated(serve_app: ServeApp) -> None:
    async def answer(request: Request) -> Response:
        return Response(await request.body(), status_code=400)

    async with serve_app(scripted(answer)) as url, client_of(url) as client:
        with pytest.raises(PermanentDatabaseError, match="answered HTTP 400") as raised:
            await client.execute("SELECT ?", ("+51900000001",))
    assert "51900000001" not in repr(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        "<html>",
        "[]",
        '{"results": []}',
        '{"baton": 1, "results": [{}, {}]}',
        '{"results": [{"type": "ok", "response": {"type": "execute", "result": {"cols": []}}}, {}]}',
        '{"results": [{"type": "error", "error": "x"}, {}]}',
    ],
)
async def test_answer_that_is_not_hrana(serve_app: ServeApp, content: str) -> None:
    async def answer(_request: Request) -> Response:
        return Response(content)

    async with serve_app(scripted(answer)) as url, client_of(url) as client:
        with pytest.raises(PermanentDatabaseError, match="not understood"):
            await client.execute(COUNT)
        with pytest.raises(OutcomeUnknownError, match="not understood"):
            await client.execute(INSERT)


async def test_answers_are_bounded_here_and_there(serve: Serve) -> None:
    large = "SELECT hex(zeroblob(50000))"
    async with serve(max_answer_bytes=50_000) as server, open_database(server.url) as client:
        for call in (client.execute(large), client.batch(["SELECT 1", large])):
            with pytest.raises(PermanentDatabaseError) as raised:
                await call
            assert raised.value.code == "RESPONSE_TOO_LARGE"
    async with serve() as server, client_of(server.url, max_answer_bytes=50_000) as client:
        with pytest.raises(PermanentDatabaseError, match="larger than 50000 bytes"):
            await client.execute(large)
        assert len(str((await client.execute("SELECT hex(zeroblob(20000))"))[0][0])) == 40_000


async def test_server_without_hrana_over_http(serve_app: ServeApp) -> None:
    async with serve_app(Starlette()) as url, client_of(url) as client:
        with pytest.raises(PermanentDatabaseError, match="serves no Hrana over HTTP"):
            await client.execute("SELECT 1")


async def test_error_of_a_write_that_was_passed_on_is_still_typed(serve_app: ServeApp) -> None:
    async def answer(_request: Request) -> Response:
        error = '{"message": "SQLite error: UNIQUE constraint failed: t.v", "code": "PROXY_ERROR"}'
        return Response(f'{{"results": [{{"type": "error", "error": {error}}}, {{}}]}}')

    async with serve_app(scripted(answer)) as url, client_of(url) as client:
        with pytest.raises(ConstraintError, match=r"^SQLITE_CONSTRAINT: UNIQUE constraint failed: t.v$"):
            await client.execute(INSERT)
