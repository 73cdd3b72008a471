"""Writes that share a commit: each succeeds or fails for itself."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from libsql_client import Client, Statement
from whatsapp_database import ConstraintError, TransientDatabaseError, open_database
from whatsapp_database.group_commit import GroupCommit
from whatsapp_database.worker import ConnectionWorker


class Recorder:
    """A database in memory that tells how many transactions were committed."""

    def __init__(self) -> None:
        self.commits = 0
        self.worker = ConnectionWorker(self._connect, name="recorded")
        self.lock = asyncio.Lock()
        self.group = GroupCommit(self.worker, acquire=self._acquire, release=self.lock.release)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.execute("CREATE TABLE t (v TEXT UNIQUE)")
        connection.set_trace_callback(self._trace)
        return connection

    def _trace(self, sql: str) -> None:
        self.commits += sql == "COMMIT"

    async def _acquire(self) -> None:
        await self.lock.acquire()

    async def values(self) -> list[str]:
        return await self.worker.run(
            lambda connection: [str(row[0]) for row in connection.execute("SELECT v FROM t ORDER BY v")]
        )


def _insert(value: str) -> Statement:
    return Statement("INSERT INTO t (v) VALUES (?)", (value,))


async def test_callers_that_wait_share_a_commit() -> None:
    recorder = Recorder()
    await asyncio.gather(*(recorder.group.run([_insert(f"{number:02}")]) for number in range(50)))
    assert len(await recorder.values()) == 50
    assert recorder.commits <= 2
    await recorder.worker.close()


async def test_a_failure_undoes_its_own_statements_only() -> None:
    recorder = Recorder()
    outcomes = await asyncio.gather(
        recorder.group.run([_insert("a")]),
        recorder.group.run([_insert("b"), _insert("a")]),
        recorder.group.run([_insert("c"), Statement("INSERT INTO t (v) VALUES (?)", (2**80,))]),
        recorder.group.run([_insert("d")]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], ConstraintError)
    assert isinstance(outcomes[2], OverflowError)
    assert await recorder.values() == ["a", "d"]
    assert recorder.commits == 1
    await recorder.worker.close()


async def test_a_caller_that_gave_up_while_waiting_writes_nothing() -> None:
    recorder = Recorder()
    await recorder.lock.acquire()
    given_up = asyncio.create_task(recorder.group.run([_insert("a")]))
    kept = asyncio.create_task(recorder.group.run([_insert("b")]))
    await asyncio.sleep(0)  # both are queued
    given_up.cancel()
    recorder.lock.release()
    await kept
    assert await recorder.values() == ["b"]
    await recorder.worker.close()


async def test_a_caller_that_shares_a_commit_and_gives_up_leaves_the_others_alone(client: Client) -> None:
    await client.execute("CREATE TABLE t (v TEXT)")
    writes = [asyncio.create_task(client.execute("INSERT INTO t VALUES (?)", (str(n),))) for n in range(20)]
    await asyncio.sleep(0)
    writes[3].cancel()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [3]
    stored = {row[0] for row in await client.execute("SELECT v FROM t")}
    assert stored >= {str(n) for n in range(20) if n != 3}


async def test_what_was_asked_before_the_close_is_written(database_url: str) -> None:
    async with open_database(database_url) as client:
        await client.execute("CREATE TABLE t (v TEXT)")
        writes = [asyncio.create_task(client.execute("INSERT INTO t VALUES ('a')")) for _ in range(5)]
        await asyncio.sleep(0)
    await asyncio.gather(*writes)
    async with open_database(database_url) as client:
        assert (await client.execute("SELECT count(*) FROM t"))[0][0] == 5


async def test_a_commit_that_fails_fails_for_everybody_in_it(client: Client) -> None:
    await client.batch(
        [
            "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            "CREATE TABLE c (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)",
        ]
    )
    outcomes = await asyncio.gather(
        client.execute("INSERT INTO p VALUES (1)"),
        client.execute("INSERT INTO c VALUES (99)"),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, ConstraintError) for outcome in outcomes)
    assert (await client.execute("SELECT count(*) FROM p"))[0][0] == 0


async def test_the_turn_that_never_comes_is_an_error_for_each() -> None:
    recorder = Recorder()

    async def never() -> None:
        raise TransientDatabaseError("busy", "POOL_TIMEOUT")

    group = GroupCommit(recorder.worker, acquire=never, release=recorder.lock.release)
    outcomes = await asyncio.gather(
        group.run([_insert("a")]), group.run([_insert("b")]), return_exceptions=True
    )
    assert all(isinstance(outcome, TransientDatabaseError) for outcome in outcomes)
    with pytest.raises(TransientDatabaseError):
        await group.run([_insert("c")])
    await recorder.worker.close()
