"""The pool of reader connections of a `file:` database."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from whatsapp_database.errors import ClientClosedError, PoolTimeoutError
from whatsapp_database.pool import PoolSettings, PoolStatus
from whatsapp_database.worker import ConnectionWorker

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Reader:
    worker: ConnectionWorker
    opened_at: float


class ReaderPool:
    """Lends a reader to one job at a time; connections are opened when first needed."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        settings: PoolSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._settings = settings
        self._clock = clock
        self._slots = asyncio.Semaphore(settings.size + settings.max_overflow)
        self._idle: deque[_Reader] = deque()
        self._active = 0
        self._closed = False

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run the job on a free reader. Raises PoolTimeoutError when none becomes free in time."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._slots.acquire()
        except TimeoutError as error:
            raise PoolTimeoutError(
                f"no reader was free within {self._settings.timeout:g} s", "POOL_TIMEOUT"
            ) from error
        try:
            if self._closed:
                raise ClientClosedError("the client was closed", "CLIENT_CLOSED")
            reader = self._idle.pop() if self._idle else self._open()
            self._active += 1
            try:
                return await reader.worker.run(job)
            finally:
                self._active -= 1
                await self._give_back(reader)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Close the idle readers; those in use close when their job ends."""
        self._closed = True
        while self._idle:
            await self._idle.pop().worker.close()

    def status(self) -> PoolStatus:
        """Use of the pool now."""
        return PoolStatus(active=self._active, idle=len(self._idle), size=self._settings.size)

    def _open(self) -> _Reader:
        return _Reader(ConnectionWorker(self._connect, name="sqlite-reader"), self._clock())

    async def _give_back(self, reader: _Reader) -> None:
        expired = self._clock() - reader.opened_at >= self._settings.recycle
        surplus = len(self._idle) + self._active >= self._settings.size
        if self._closed or expired or surplus:
            await reader.worker.close()
        else:
            self._idle.append(reader)
