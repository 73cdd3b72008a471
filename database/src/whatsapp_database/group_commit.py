"""Writes that wait for the one writer are committed together: one transaction, one sync to disk for all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from libsql_client import ResultSet, Statement

from whatsapp_database.errors import DatabaseError, from_sqlite
from whatsapp_database.statement import run
from whatsapp_database.worker import ConnectionWorker

_MAX_STATEMENTS: Final = 1000
"""A group ends here, so that another process's writer waits for milliseconds only."""

# What running a statement may raise because of the statement itself: SQL, or a value that SQLite cannot hold.
_OWN_FAULTS: Final = (sqlite3.Error, ValueError, TypeError, OverflowError)


@dataclass(slots=True)
class _Work:
    """One caller's statements, which succeed or fail together."""

    statements: list[Statement]
    done: asyncio.Future[list[ResultSet]]
    results: list[ResultSet] = field(default_factory=list)
    error: Exception | None = None


class GroupCommit:
    """Runs each caller's statements as if in their own transaction; a failure undoes that caller's alone.

    While a group is being written the next one gathers, so the cost of a commit is shared by as many callers
    as wait for it, and nobody waits who is alone.
    """

    def __init__(
        self,
        worker: ConnectionWorker,
        *,
        acquire: Callable[[], Awaitable[None]],
        release: Callable[[], None],
    ) -> None:
        """`acquire` waits for the turn to write (it may raise DatabaseError), `release` gives it back."""
        self._worker = worker
        self._acquire = acquire
        self._release = release
        self._waiting: deque[_Work] = deque()
        self._drain: asyncio.Task[None] | None = None
        self._group: list[_Work] = []
        self._running: asyncio.Task[None] | None = None

    async def run(self, statements: list[Statement]) -> list[ResultSet]:
        """The results, once committed. Who gives up leaves nothing behind, unless others share the commit."""
        work = _Work(statements, asyncio.get_running_loop().create_future())
        self._waiting.append(work)
        if self._drain is None:
            self._drain = asyncio.create_task(self._write_all(), name="group-commit")
        try:
            return await work.done
        except asyncio.CancelledError:
            if self._group == [work] and self._running is not None:
                self._running.cancel()
            raise

    async def close(self) -> None:
        """Wait for what was asked before."""
        while self._drain is not None:
            await asyncio.wait({self._drain})

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                try:
                    await self._acquire()
                except DatabaseError as error:
                    _fail(self._waiting, error)
                    self._waiting.clear()
                    return
                try:
                    await self._write_group()
                finally:
                    self._release()
        finally:
            self._drain = None

    async def _write_group(self) -> None:
        group = self._group = self._take()
        if not group:
            return
        self._running = asyncio.create_task(self._worker.run(lambda connection: _commit(connection, group)))
        await asyncio.wait({self._running})
        running, self._running, self._group = self._running, None, []
        if running.cancelled():
            return
        failure = running.exception()
        for work in group:
            if work.done.done():
                continue
            error = failure if failure is not None else work.error
            if error is not None:
                work.done.set_exception(error)
            else:
                work.done.set_result(work.results)

    def _take(self) -> list[_Work]:
        group: list[_Work] = []
        statements = 0
        while self._waiting and (
            not group or statements + len(self._waiting[0].statements) <= _MAX_STATEMENTS
        ):
            work = self._waiting.popleft()
            if not work.done.done():  # its caller still waits
                group.append(work)
                statements += len(work.statements)
        return group


def _commit(connection: sqlite3.Connection, group: list[_Work]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if len(group) == 1:
            group[0].results = [run(connection, statement) for statement in group[0].statements]
        else:
            for work in group:
                _run_apart(connection, work)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _run_apart(connection: sqlite3.Connection, work: _Work) -> None:
    connection.execute("SAVEPOINT work")
    try:
        work.results = [run(connection, statement) for statement in work.statements]
    except _OWN_FAULTS as error:
        if not connection.in_transaction:  # disk full and the like: SQLite undid the whole group
            raise
        work.error = from_sqlite(error) if isinstance(error, sqlite3.Error) else error
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")


def _fail(waiting: deque[_Work], error: DatabaseError) -> None:
    for work in waiting:
        if not work.done.done():
            work.done.set_exception(error)
