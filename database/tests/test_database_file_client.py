"""The `file:` client: routing, transactions, concurrency, cancellation and errors."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from libsql_client import Client
from whatsapp_database import (
    ClientClosedError,
    ConstraintError,
    FileClient,
    PermanentDatabaseError,
    PoolSettings,
    PoolTimeoutError,
    TransientDatabaseError,
    UnsupportedUrlError,
    open_database,
)

SLOW_QUERY = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"
)
ENDLESS_QUERY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


async def _count(client: Client) -> object:
    return (await client.execute("SELECT count(*) FROM t"))[0][0]


@pytest.fixture
async def table(client: Client) -> Client:
    await client.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)")
    return client


async def test_rows_are_read_by_name_and_writes_tell_what_they_did(table: Client) -> None:
    written = await table.execute("INSERT INTO t (v) VALUES (:v)", {"v": "uno"})
    result = await table.execute("SELECT id, v FROM t WHERE v = ?", ("uno",))
    assert (written.rows_affected, written.last_insert_rowid) == (1, 1)
    assert result[0].asdict() == {"id": 1, "v": "uno"}
    assert result.columns == ("id", "v")


async def test_connection_pragmas(table: Client, tmp_path: Path) -> None:
    assert isinstance(table, FileClient)
    with sqlite3.connect(tmp_path / "notifications.db") as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert other.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    other.close()
    with pytest.raises(ConstraintError):
        await table.batch(
            ["CREATE TABLE c (t INTEGER NOT NULL REFERENCES t (id))", "INSERT INTO c VALUES (99)"]
        )


async def test_batch_is_all_or_nothing(table: Client) -> None:
    with pytest.raises(ConstraintError):
        await table.batch(["INSERT INTO t (v) VALUES ('a')", "INSERT INTO t (v) VALUES ('a')"])
    assert await _count(table) == 0


async def test_transaction_without_commit_rolls_back_and_frees_the_writer(table: Client) -> None:
    with table.transaction() as transaction:
        await transaction.execute("INSERT INTO t (v) VALUES ('a')")
        assert (await transaction.execute("SELECT count(*) FROM t"))[0][0] == 1
        assert await _count(table) == 0
    await table.execute("INSERT INTO t (v) VALUES ('b')")
    assert await _count(table) == 1
    with pytest.raises(ClientClosedError):
        await transaction.execute("SELECT 1")


async def test_statements_of_others_stay_out_of_a_transaction(table: Client) -> None:
    transaction = table.transaction()
    await transaction.execute("INSERT INTO t (v) VALUES ('a')")
    other = asyncio.create_task(table.execute("INSERT INTO t (v) VALUES ('b')"))
    await transaction.execute("INSERT INTO t (v) VALUES ('c')")
    assert not other.done()
    await transaction.rollback()
    await other
    assert [row[0] for row in await table.execute("SELECT v FROM t")] == ["b"]


async def test_slow_query_does_not_block_the_event_loop(client: Client) -> None:
    turns = 0
    query = asyncio.create_task(client.execute(SLOW_QUERY))
    while not query.done():
        await asyncio.sleep(0)
        turns += 1
    assert (await query)[0][0] == 3000000
    assert turns > 100  # a loop that the query holds up turns a few times


async def test_cancelled_query_is_interrupted_and_its_reader_is_usable(database_url: str) -> None:
    async with open_database(database_url, pool=PoolSettings(size=1, max_overflow=0)) as client:
        await client.execute("CREATE TABLE t (id INTEGER)")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.execute(ENDLESS_QUERY), 0.1)
        assert await asyncio.wait_for(_count(client), 5) == 0


async def test_cancelled_write_leaves_nothing_behind(table: Client) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(
            table.batch(["INSERT INTO t (v) VALUES ('a')", f"INSERT INTO t (v) {ENDLESS_QUERY}"]), 0.1
        )
    await table.execute("INSERT INTO t (v) VALUES ('b')")
    assert [row[0] for row in await table.execute("SELECT v FROM t")] == ["b"]


async def test_pool_is_bounded_and_overflow_is_closed(database_url: str) -> None:
    pool = PoolSettings(size=1, max_overflow=1, timeout=0.1)
    client = open_database(database_url, pool=pool)
    assert isinstance(client, FileClient)
    async with client:
        await client.execute("CREATE TABLE t (id INTEGER)")
        busy = [asyncio.create_task(client.execute(ENDLESS_QUERY)) for _ in range(2)]
        await asyncio.sleep(0)  # both start and take a reader
        with pytest.raises(PoolTimeoutError):
            await _count(client)
        assert client.pool_status().active == 2
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        assert await _count(client) == 0
        assert client.pool_status().active == 0
        assert client.pool_status().idle == 1


async def test_errors_are_typed(table: Client, database_url: str, tmp_path: Path) -> None:
    with pytest.raises(PermanentDatabaseError, match="no such table"):
        await table.execute("SELECT * FROM absent")
    async with open_database(database_url, pool=PoolSettings(busy_timeout=0.05)) as impatient:
        with table.transaction() as transaction:
            await transaction.execute("INSERT INTO t (v) VALUES ('a')")
            with pytest.raises(TransientDatabaseError) as raised:
                await impatient.execute("INSERT INTO t (v) VALUES ('b')")
        assert raised.value.code == "SQLITE_BUSY"
    async with open_database(f"file:{tmp_path}/absent/x.db") as unreachable:
        with pytest.raises(TransientDatabaseError, match="unable to open"):
            await unreachable.execute("SELECT 1")


async def test_read_only_client_cannot_write(table: Client, database_url: str) -> None:
    async with open_database(database_url, read_only=True) as reader:
        assert await _count(reader) == 0
        with pytest.raises(PermanentDatabaseError):
            await reader.execute("INSERT INTO t (v) VALUES ('a')")


async def test_closed_client_refuses(database_url: str) -> None:
    client = open_database(database_url)
    await client.execute("CREATE TABLE t (id INTEGER)")
    await client.close()
    await client.close()
    assert client.closed
    with pytest.raises(ClientClosedError):
        await client.execute("SELECT 1")


@pytest.mark.parametrize(
    "url",
    ["nothing", "ftp://db", "file::memory:", "file://h/x", "http:db", "https://u:p@db", "libsql://db?x=1"],
)
def test_unsupported_urls(url: str) -> None:
    with pytest.raises(UnsupportedUrlError):
        open_database(url)


WRITER_PROGRAM = """
import asyncio, sys
from whatsapp_database import open_database

async def write(url, prefix):
    async with open_database(url) as client:
        for number in range(50):
            with client.transaction() as transaction:
                await transaction.execute("SELECT count(*) FROM t")
                await transaction.execute("INSERT INTO t (v) VALUES (?)", (f"{prefix}{number}",))
                await transaction.commit()

asyncio.run(write(*sys.argv[1:]))
"""


async def test_processes_write_at_once(table: Client, database_url: str) -> None:
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER_PROGRAM, database_url, prefix)
        for prefix in ("a", "b")
    ]
    for number in range(50):
        await table.execute("INSERT INTO t (v) VALUES (?)", (f"c{number}",))
    assert [await writer.wait() for writer in writers] == [0, 0]
    assert await _count(table) == 150
