"""The libSQL server's limits, locks, token and faults."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.connection import open_database
from whatsapp_world.hrana.server import HranaServer, HranaSettings

Serve = Callable[..., AbstractAsyncContextManager[str]]
Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
ENDLESS_QUERY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
TIMED_OUT = {"message": "Transaction timed out", "code": "TRANSACTION_TIMEOUT"}


class ManualClock(Protocol):
    def now(self) -> Any: ...  # noqa: ANN401 - a datetime
    def monotonic(self) -> float: ...
    def advance(self, seconds: float) -> None: ...


@pytest.fixture
def make_server(tmp_path: Path) -> Callable[..., HranaServer]:
    def make(clock: ManualClock | None = None, **settings: Any) -> HranaServer:  # noqa: ANN401 - HranaSettings
        open_database(tmp_path / "x.db")
        return HranaServer(HranaSettings(tmp_path / "x.db", **settings), clock=clock)

    return make


def pipeline(*statements: str, baton: object = None, close: bool = False) -> dict[str, object]:
    requests: list[object] = [{"type": "execute", "stmt": {"sql": sql}} for sql in statements]
    if close:
        requests.append({"type": "close"})
    return {"baton": baton, "requests": requests}


async def test_transaction_is_cut_and_frees_the_lock(
    serve: Serve, client: httpx.AsyncClient, clock: ManualClock, make_server: Callable[..., HranaServer]
) -> None:
    server = make_server(clock, busy_seconds=0.05, idle_seconds=60)
    async with serve(build_app(server)) as url:
        begin = pipeline("CREATE TABLE t (v)", "BEGIN IMMEDIATE", "INSERT INTO t VALUES (1)")
        first = (await client.post(url + "/v3/pipeline", json=begin)).json()
        write = pipeline("INSERT INTO t VALUES (2)", close=True)
        locked = (await client.post(url + "/v3/pipeline", json=write)).json()["results"][0]["error"]
        clock.advance(5.1)
        done = (await client.post(url + "/v3/pipeline", json=write)).json()["results"][0]
        steps = [{"stmt": {"sql": "SELECT v FROM t"}}, {"stmt": {"sql": "COMMIT"}}]
        spoilt = {"baton": first["baton"], "requests": [{"type": "batch", "batch": {"steps": steps}}]}
        second = (await client.post(url + "/v3/pipeline", json=spoilt)).json()
        rows = pipeline("SELECT v FROM t", baton=second["baton"])
        third = (await client.post(url + "/v3/pipeline", json=rows)).json()["results"][0]["response"][
            "result"
        ]
    assert locked == {"message": "SQLite error: database is locked", "code": "SQLITE_BUSY"}
    assert done["type"] == "ok"
    assert second["results"][0]["response"]["result"]["step_errors"] == [TIMED_OUT, TIMED_OUT]
    assert third["rows"] == [[{"type": "integer", "value": "2"}]]
    assert server.state()["transactions_cut"] == 1


async def test_idle_stream_expires(
    serve: Serve, client: httpx.AsyncClient, clock: ManualClock, make_server: Callable[..., HranaServer]
) -> None:
    server = make_server(clock)
    async with serve(build_app(server)) as url:
        first = (await client.post(url + "/v3/pipeline", json=pipeline("SELECT 1"))).json()
        clock.advance(9)
        second = (await client.post(url + "/v3/pipeline", json=pipeline(baton=first["baton"]))).json()
        clock.advance(10)
        late = await client.post(url + "/v3/pipeline", json=pipeline("SELECT 1", baton=second["baton"]))
        assert (late.status_code, late.json()["code"]) == (500, "STREAM_EXPIRED")
        clock.advance(301)
        later = await client.post(url + "/v3/pipeline", json=pipeline("SELECT 1", baton=second["baton"]))
        assert (later.status_code, later.text) == (400, "Received an invalid baton")
        assert (server.state()["streams_open"], server.state()["streams_expired"]) == (0, 1)


async def test_answer_is_bounded(
    serve: Serve, client: httpx.AsyncClient, make_server: Callable[..., HranaServer]
) -> None:
    async with serve(build_app(make_server(max_answer_bytes=1_000))) as url:
        body = pipeline("SELECT hex(zeroblob(600))", "SELECT hex(zeroblob(400))", close=True)
        results = (await client.post(url + "/v3/pipeline", json=body)).json()["results"]
    assert results[0]["error"] == {"message": "Response is too large", "code": "RESPONSE_TOO_LARGE"}
    assert results[1]["type"] == "ok"


async def test_client_that_hangs_up_is_not_worked_for(
    serve: Serve, make_server: Callable[..., HranaServer], eventually: Eventually
) -> None:
    server = make_server(busy_seconds=0.05)
    async with serve(build_app(server)) as url:
        async with httpx.AsyncClient(trust_env=False) as leaving:
            body = pipeline(
                "CREATE TABLE t (v)", "BEGIN IMMEDIATE", ENDLESS_QUERY, "INSERT INTO t VALUES (1)", "COMMIT"
            )
            with pytest.raises(httpx.ReadTimeout):
                await leaving.post(url + "/v3/pipeline", json=body, timeout=0.3)
        async with httpx.AsyncClient(trust_env=False) as staying:

            async def written() -> bool:
                body = pipeline("INSERT INTO t VALUES (2)", "SELECT v FROM t", close=True)
                results = (await staying.post(url + "/v3/pipeline", json=body)).json()["results"]
                if results[0]["type"] == "error":
                    return False
                assert results[1]["response"]["result"]["rows"] == [[{"type": "integer", "value": "2"}]]
                return True

            await eventually(written)
        assert server.state()["streams_open"] == 0


async def test_token(
    serve: Serve, client: httpx.AsyncClient, make_server: Callable[..., HranaServer]
) -> None:
    async with serve(build_app(make_server(token="s3cret"))) as url:
        for header in (None, "Bearer wrong", "Basic s3cret", "Bearer", "s3cret"):
            headers = {} if header is None else {"Authorization": header}
            for method, path in (("POST", "/v2/pipeline"), ("POST", "/v3/cursor"), ("GET", "/dump")):
                response = await client.request(method, url + path, headers=headers)
                assert response.status_code == 401
                assert "s3cret" not in response.text
        right = {"Authorization": "Bearer s3cret"}
        assert (await client.post(url + "/v3/pipeline", json=pipeline(), headers=right)).status_code == 200
        assert (await client.get(url + "/health")).status_code == 200


async def test_faults(
    serve: Serve, client: httpx.AsyncClient, make_server: Callable[..., HranaServer]
) -> None:
    server = make_server()
    async with serve(build_app(server)) as url:

        async def inject(**fault: object) -> httpx.Response:
            return await client.post(url + "/_lab/faults", json=fault)

        async def run(*statements: str) -> httpx.Response:
            return await client.post(url + "/v3/pipeline", json=pipeline(*statements, close=True))

        await run("CREATE TABLE t (v)")
        assert (await inject(kind="drop", count=1)).json()["executed"] is True
        with pytest.raises(httpx.TransportError):
            await run("INSERT INTO t VALUES (1)")
        await inject(kind="drop", executed=False, count=1)
        with pytest.raises(httpx.TransportError):
            await run("INSERT INTO t VALUES (2)")
        await inject(kind="http_error", count=1)
        assert (await run("INSERT INTO t VALUES (3)")).status_code == 502
        await inject(kind="http_error", http_status=504, executed=True, count=1)
        assert (await run("INSERT INTO t VALUES (4)")).status_code == 504
        await inject(kind="delay", seconds=0.2, count=1)
        started = asyncio.get_running_loop().time()
        rows = (await run("SELECT v FROM t")).json()["results"][0]["response"]["result"]["rows"]
        assert asyncio.get_running_loop().time() - started >= 0.2
        assert [row[0]["value"] for row in rows] == ["1", "4"]
        await inject(kind="expire")
        baton = (await client.post(url + "/v3/pipeline", json=pipeline("SELECT 1"))).json()["baton"]
        assert (await client.post(url + "/v3/pipeline", json=pipeline(baton=baton))).status_code == 500
        listed = (await client.get(url + "/_lab/faults")).json()
        assert (listed["total"], listed["items"][0]["kind"], listed["items"][0]["hits"]) == (1, "expire", 1)
        assert (await client.delete(url + "/_lab/faults", params={"kind": "drop"})).json() == {"lifted": 0}
        assert (await client.delete(url + "/_lab/faults")).json() == {"lifted": 1}
        assert (await client.get(url + "/_lab/state")).json()["faults"] == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "meteor"},
        {"kind": "drop", "size": 1},
        {"kind": "drop", "executed": "yes"},
        {"kind": "drop", "probability": 2},
        {"kind": "delay", "seconds": -1},
        {"kind": "http_error", "http_status": 200},
        [],
    ],
)
async def test_faults_that_make_no_sense(
    serve: Serve, client: httpx.AsyncClient, make_server: Callable[..., HranaServer], fault: object
) -> None:
    async with serve(build_app(make_server())) as url:
        response = await client.post(url + "/_lab/faults", json=fault)
        assert response.status_code == 400
        assert response.json()["error"]


async def test_self_url_is_told(
    serve: Serve, client: httpx.AsyncClient, make_server: Callable[..., HranaServer]
) -> None:
    async with serve(build_app(make_server(self_url="https://db"))) as url:
        assert (await client.post(url + "/v3/pipeline", json=pipeline())).json()["base_url"] == "https://db"
