"""The client of libSQL servers: versions, streams, places, cancellation, and many writers at once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from whatsapp_database import (
    ClientClosedError,
    HranaClient,
    PoolSettings,
    PoolTimeoutError,
    TransientDatabaseError,
    open_database,
)

ENDLESS_QUERY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)"
COUNT = "SELECT count(*) FROM t"


class RunningServer(Protocol):
    @property
    def url(self) -> str: ...
    def inject(self, kind: str, **members: object) -> None: ...
    def requests(self) -> int: ...


Serve = Callable[..., AbstractAsyncContextManager[RunningServer]]
ServeApp = Callable[[Starlette], AbstractAsyncContextManager[str]]


@pytest.mark.parametrize("versions", [(2,), (3,), (2, 3)])
async def test_speaks_the_version_that_the_server_has(serve: Serve, versions: tuple[int, ...]) -> None:
    async with serve(versions=versions) as server, open_database(server.url) as client:
        await client.execute(TABLE)
        await client.batch(["INSERT INTO t (v) VALUES ('a')"])
        with client.transaction() as transaction:
            await transaction.execute("INSERT INTO t (v) VALUES ('b')")
            await transaction.commit()
        assert (await client.execute(COUNT))[0][0] == 2


async def test_execute_and_batch_are_one_request_and_leave_no_stream(serve: Serve) -> None:
    async with serve() as server, open_database(server.url) as client:
        await client.execute(TABLE)
        await client.batch(["INSERT INTO t (v) VALUES ('a')", COUNT])
        assert server.requests() == 2
        with client.transaction() as transaction:
            await transaction.execute("INSERT INTO t (v) VALUES ('b')")
            await transaction.execute(COUNT)
            await transaction.commit()
        assert server.requests() == 5
        assert server.hrana.state()["streams_open"] == 0  # type: ignore[attr-defined] # the simulator's state


async def test_stream_is_continued_where_the_server_says(serve_app: ServeApp) -> None:
    seen: list[tuple[str, object]] = []

    async def answer(request: Request) -> Response:
        body = json.loads(await request.body())
        seen.append((request.url.hostname or "", body["baton"]))
        nothing: dict[str, object] = {"cols": [], "rows": []}
        kinds = {
            "batch": {"type": "batch", "result": {"step_results": [nothing] * 2, "step_errors": [None] * 2}},
            "execute": {"type": "execute", "result": nothing},
            "close": {"type": "close"},
        }
        results = [{"type": "ok", "response": kinds[one["type"]]} for one in body["requests"]]
        moved = f"http://localhost:{request.url.port}/" if len(seen) == 1 else None
        baton = None if "close" in str(body) else f"b{len(seen)}"
        return JSONResponse({"baton": baton, "base_url": moved, "results": results})

    app = Starlette(routes=[Route("/v3/pipeline", answer, methods=["POST"])])
    async with serve_app(app) as url, open_database(url) as client:
        with client.transaction() as transaction:
            await transaction.execute("INSERT INTO t (v) VALUES ('b')")
            await transaction.execute("INSERT INTO t (v) VALUES ('c')")
            await transaction.commit()
    assert seen == [("127.0.0.1", None), ("localhost", "b1"), ("localhost", "b2")]


async def test_places_are_bounded_and_a_transaction_goes_on_without_one(serve: Serve) -> None:
    pool = PoolSettings(size=1, max_overflow=0, timeout=0.2)
    async with serve() as server, open_database(server.url, pool=pool) as client:
        assert isinstance(client, HranaClient)
        await client.execute(TABLE)
        transaction = client.transaction()
        await transaction.execute("INSERT INTO t (v) VALUES ('a')")
        busy = asyncio.create_task(client.execute(ENDLESS_QUERY))
        await asyncio.sleep(0)  # the query takes the place
        assert client.pool_status().active == 1
        with pytest.raises(PoolTimeoutError):
            await client.execute(COUNT)
        await transaction.execute("INSERT INTO t (v) VALUES ('b')")
        await transaction.commit()
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
        assert (await client.execute(COUNT))[0][0] == 2
        assert client.pool_status().active == 0


async def test_many_transactions_at_once_do_not_block_each_other(serve: Serve) -> None:
    async with (
        serve() as server,
        open_database(server.url, pool=PoolSettings(size=1, max_overflow=1)) as client,
    ):
        await client.execute(TABLE)

        async def write(number: int) -> None:
            with client.transaction() as transaction:
                await transaction.execute(COUNT)
                await transaction.execute("INSERT INTO t (v) VALUES (?)", (number,))
                await transaction.commit()

        await asyncio.wait_for(asyncio.gather(*map(write, range(20))), 30)
        assert (await client.execute(COUNT))[0][0] == 20


async def test_cancelled_write_leaves_nothing_behind(serve: Serve) -> None:
    async with serve() as server, open_database(server.url) as client:
        await client.execute(TABLE)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                client.batch(["INSERT INTO t (v) VALUES ('a')", f"INSERT INTO t (v) {ENDLESS_QUERY}"]), 0.2
            )
        await client.execute("INSERT INTO t (v) VALUES ('b')")
        assert [row[0] for row in await client.execute("SELECT v FROM t")] == ["b"]


async def test_cancelled_statement_ends_its_transaction(serve: Serve) -> None:
    async with serve() as server, open_database(server.url) as client:
        await client.execute(TABLE)
        with client.transaction() as transaction:
            await transaction.execute("INSERT INTO t (v) VALUES ('a')")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(transaction.execute(ENDLESS_QUERY), 0.2)
            with pytest.raises(TransientDatabaseError, match="transaction was lost"):
                await transaction.execute("INSERT INTO t (v) VALUES ('b')")
        await client.execute("INSERT INTO t (v) VALUES ('c')")
        assert [row[0] for row in await client.execute("SELECT v FROM t")] == ["c"]


async def test_statements_of_one_transaction_go_one_after_the_other(serve: Serve) -> None:
    async with serve() as server, open_database(server.url) as client:
        await client.execute(TABLE)
        with client.transaction() as transaction:
            insert = "INSERT INTO t (v) VALUES (?)"
            await asyncio.gather(*(transaction.execute(insert, (number,)) for number in range(10)))
            await transaction.commit()
        assert (await client.execute(COUNT))[0][0] == 10


async def test_close_finishes_calls_and_rolls_back_transactions(serve: Serve) -> None:
    async with serve() as server:
        client = open_database(server.url)
        await client.execute(TABLE)
        transaction = client.transaction()
        await transaction.execute("INSERT INTO t (v) VALUES ('a')")
        slow = ENDLESS_QUERY.replace("FROM n)", "FROM n WHERE i < 300000)")
        reading = asyncio.create_task(client.execute(slow))
        await asyncio.sleep(0)  # it starts
        await client.close()
        assert (await reading)[0][0] == 300_000
        with pytest.raises(ClientClosedError):
            await transaction.execute(COUNT)
        with pytest.raises(ClientClosedError):
            await transaction.commit()
        assert server.hrana.state()["streams_open"] == 0  # type: ignore[attr-defined] # the simulator's state
        async with open_database(server.url) as other:
            assert (await other.execute(COUNT))[0][0] == 0


WRITER_PROGRAM = """
import asyncio, sys
from whatsapp_database import OutcomeUnknownError, TransientDatabaseError, open_database

async def until_done(write):
    while True:
        try:
            return await write()
        except OutcomeUnknownError:
            raise
        except TransientDatabaseError:
            pass

async def main(url, prefix):
    async with open_database(url) as client:
        async def transact(number):
            with client.transaction() as transaction:
                await transaction.execute("SELECT count(*) FROM t")
                await transaction.execute("INSERT INTO t (v) VALUES (?)", (f"{prefix}t{number}",))
                await transaction.commit()

        async def write(worker):
            for number in range(worker, 60, 6):
                value = f"{prefix}{number}"
                await until_done(lambda: client.batch(
                    [("INSERT INTO t (v) VALUES (?)", (value,)), "UPDATE total SET n = n + 1"]
                ))
                await until_done(lambda: transact(number))

        await asyncio.gather(*map(write, range(6)))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_processes_write_at_once(serve: Serve) -> None:
    async with serve(busy_seconds=0.05) as server, open_database(server.url) as client:
        await client.batch([TABLE, "CREATE TABLE total (n INTEGER)", "INSERT INTO total VALUES (0)"])
        writers = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER_PROGRAM, server.url, prefix)
            for prefix in ("a", "b")
        ]
        try:
            statuses = await asyncio.wait_for(asyncio.gather(*(writer.wait() for writer in writers)), 60)
        finally:
            for writer in writers:
                if writer.returncode is None:
                    writer.kill()
        assert statuses == [0, 0]
        assert (await client.execute("SELECT (SELECT count(*) FROM t), n FROM total"))[0].astuple() == (
            240,
            120,
        )
