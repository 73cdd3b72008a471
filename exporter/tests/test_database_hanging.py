"""Whatever the database does, a run ends in time and leaves nothing behind."""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from libsql_client import Client, Statement
from starlette.types import ASGIApp
from whatsapp_database import PoolSettings, open_database
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.database import DatabaseCollector
from whatsapp_exporter.collectors.database.config import DatabaseConfig
from whatsapp_exporter.collectors.database.connection import DatabaseConnection
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.scheduled_collector import CollectorRun, CollectorSchedule, ScheduledCollector
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.server import HranaServer, HranaSettings

Serve = Callable[[ASGIApp], Awaitable[str]]


@pytest.fixture
def path(database_url: str) -> Path:
    """The database's file."""
    return Path(database_url.removeprefix("file:"))


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold every lock on the database, as a restore does."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@pytest.fixture
async def silent_server() -> AsyncIterator[str]:
    """The address of a server that takes connections and never says anything."""
    gone = asyncio.Event()

    async def keep(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    gone.set()
    server.close()
    await server.wait_closed()


def connection_threads() -> set[threading.Thread]:
    """The threads of connections to files."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("sqlite-")}


async def all_end(threads: set[threading.Thread]) -> bool:
    """Whether the threads end soon."""
    for thread in threads:
        await asyncio.to_thread(thread.join, 10)
    return not any(thread.is_alive() for thread in threads)


async def run(url: str, surroundings: CollectorSurroundings, seconds: float) -> tuple[CollectorRun, float]:
    """Run the collector once under its limits; also the seconds that it took."""
    collector = DatabaseCollector(DatabaseConfig(url=url), surroundings)
    scheduled = ScheduledCollector(
        CollectorSchedule(collector, seconds), monotonic=time.monotonic, wall=time.time
    )
    started = time.monotonic()
    task = scheduled.ask()
    assert task is not None
    result = await task
    took = time.monotonic() - started
    await scheduled.close()
    return result, took


async def test_locked_database_fails_soon(
    database: Client, database_url: str, path: Path, surroundings: CollectorSurroundings
) -> None:
    await database.close()
    with locked(path):
        result, took = await run(database_url, surroundings, seconds=20)
    assert result.error is not None
    assert "locked" in result.error
    assert took < 10


async def test_locked_database_ends_after_the_timeout(
    database: Client, database_url: str, path: Path, surroundings: CollectorSurroundings
) -> None:
    await database.close()
    with locked(path):
        result, took = await run(database_url, surroundings, seconds=0.05)
    assert result.error == "no answer within 0.05 s"
    assert took < 10
    again, _ = await run(database_url, surroundings, seconds=20)
    assert again.error is None


async def test_query_that_never_ends_is_interrupted(
    database: Client, database_url: str, surroundings: CollectorSurroundings
) -> None:
    await database.batch(
        [
            "DROP TABLE whatsapp_tablas",
            """CREATE VIEW whatsapp_tablas AS
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
            SELECT 't' AS tabla, max(i) AS filas, 1 AS bytes, '2026-01-15' AS medida_at FROM n""",
        ]
    )
    before = connection_threads()
    result, took = await run(database_url, surroundings, seconds=0.3)
    assert result.error == "no answer within 0.3 s"
    assert took < 10
    assert await all_end(connection_threads() - before)


async def test_hanging_server(silent_server: str, surroundings: CollectorSurroundings) -> None:
    result, took = await run(silent_server, surroundings, seconds=0.3)
    assert result.error == "no answer within 0.3 s"
    assert took < 5  # the client itself would wait 15 s


async def test_hanging_websocket_server(silent_server: str, surroundings: CollectorSurroundings) -> None:
    result, took = await run(silent_server.replace("http:", "ws:"), surroundings, seconds=0.3)
    assert result.error == "no answer within 0.3 s"
    assert took < 8


async def test_server_that_refuses_connections(surroundings: CollectorSurroundings) -> None:
    result, took = await run("http://127.0.0.1:9", surroundings, seconds=20)
    assert result.error is not None
    assert result.error.startswith("the database cannot be read: CONNECT_FAILED")
    assert took < 15


async def test_absent_file_is_not_made(tmp_path: Path, surroundings: CollectorSurroundings) -> None:
    reader = DatabaseCollector(DatabaseConfig(url=f"file:{tmp_path / 'none.db'}"), surroundings)
    with pytest.raises(CollectionError, match="unable to open"):
        await reader.collect()
    await reader.close()
    assert not await asyncio.to_thread((tmp_path / "none.db").exists)


async def test_runs_leave_no_thread_and_no_lock(
    database: Client, database_url: str, path: Path, surroundings: CollectorSurroundings
) -> None:
    await database.close()
    before = connection_threads()
    reader = DatabaseCollector(DatabaseConfig(url=database_url), surroundings)
    for _ in range(5):
        await reader.collect()
    assert await all_end(connection_threads() - before)
    with locked(path):  # a restore gets the file although the exporter goes on
        pass
    await reader.close()


async def test_server_is_asked_over_one_client_until_something_fails(
    database: Client, path: Path, serve: Serve
) -> None:
    opened: list[Client] = []

    def open_client(
        url: str, auth_token: str | None = None, *, pool: PoolSettings | None = None, read_only: bool = False
    ) -> Client:
        opened.append(open_database(url, auth_token, pool=pool, read_only=read_only))
        return opened[-1]

    server = HranaServer(HranaSettings(path))
    connection = DatabaseConnection(await serve(build_app(server)), None, open_client=open_client)
    good, bad = Statement("SELECT 1"), Statement("SELECT missing FROM nowhere")
    for _ in range(3):
        assert [tuple(row) for (row,) in await connection.snapshot([good, good])] == [(1,), (1,)]
    assert len(opened) == 1
    with pytest.raises(CollectionError, match="no such table"):
        await connection.snapshot([good, bad])
    await connection.snapshot([good])
    await connection.close()
    assert [client.closed for client in opened] == [True, True]


async def test_server_gives_the_same_as_the_file(
    database: Client, database_url: str, path: Path, surroundings: CollectorSurroundings, serve: Serve
) -> None:
    url = await serve(build_app(HranaServer(HranaSettings(path))))
    pages = []
    for one in (database_url, url):
        reader = DatabaseCollector(DatabaseConfig(url=one), surroundings)
        pages.append(PageEncoder().encode(await reader.collect(), Form.TEXT, gzip=False))
        await reader.close()
    assert pages[0] == pages[1]
    assert pages[0].count(b"\n") > 200


async def test_renewed_token_is_taken_up(tmp_path: Path, database: Client, path: Path, serve: Serve) -> None:
    token = tmp_path / "token"
    server = HranaServer(HranaSettings(path, token="second"))
    connection = DatabaseConnection(await serve(build_app(server)), token)
    token.write_text("first\n", encoding="ascii")
    with pytest.raises(CollectionError, match="refused the database token"):
        await connection.snapshot([Statement("SELECT 1")])
    token.write_text("second\n", encoding="ascii")
    assert len(await connection.snapshot([Statement("SELECT 1")])) == 1
    token.unlink()
    with pytest.raises(CollectionError, match="auth_token_file: token cannot be read"):
        await connection.snapshot([Statement("SELECT 1")])
    await connection.close()
