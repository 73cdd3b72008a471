"""One SQLite connection that lives in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from whatsapp_database.errors import TransientDatabaseError, from_sqlite

T = TypeVar("T")


class _Call:
    """One call of `run`, to know whose statement is running and whether its caller gave up."""

    cancelled = False


class ConnectionWorker:
    """Runs jobs one after the other against one connection, outside the event loop.

    The order of `run` and `post` calls is the order of execution. A cancelled `run` interrupts its own
    statement (never another job's), so a caller that gave up does not keep the connection busy.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, name: str) -> None:
        self._connect = connect
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None
        self._guard = threading.Lock()
        self._running: _Call | None = None
        self._used = False

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run the job in the thread; sqlite3's errors arrive typed."""
        call = _Call()
        future = self._submit(job, call)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._interrupt(call)
            raise

    def post(self, job: Callable[[sqlite3.Connection], None]) -> None:
        """Queue the job without waiting for it; it must not raise."""
        self._submit(job, _Call())

    async def close(self) -> None:
        """Close the connection after the queued jobs and end the thread, if there ever was one."""
        if not self._used:
            self._executor.shutdown(wait=False)
            return
        closing = self._executor.submit(self._disconnect)
        self._executor.shutdown(wait=False)
        await asyncio.shield(asyncio.wrap_future(closing))

    def _submit(self, job: Callable[[sqlite3.Connection], T], call: _Call) -> Future[T]:
        self._used = True
        return self._executor.submit(self._perform, job, call)

    def _perform(self, job: Callable[[sqlite3.Connection], T], call: _Call) -> T:
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._guard:
                if call.cancelled:
                    raise TransientDatabaseError("the caller gave up", "CANCELLED")
                self._running = call
            return job(self._connection)
        except sqlite3.Error as error:
            raise from_sqlite(error) from error
        finally:
            with self._guard:
                self._running = None

    def _interrupt(self, call: _Call) -> None:
        with self._guard:
            call.cancelled = True
            if self._running is call and self._connection is not None:
                self._connection.interrupt()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
