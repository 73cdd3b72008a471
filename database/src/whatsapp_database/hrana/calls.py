"""Making calls: how many at once, which are repeated, and what is told when no answer came."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from whatsapp_database.errors import (
    ClientClosedError,
    OutcomeUnknownError,
    PoolTimeoutError,
    TransientDatabaseError,
)
from whatsapp_database.hrana.backoff import Backoff
from whatsapp_database.hrana.failures import AnswerLostError, NotUnderstoodError, UnreachableError
from whatsapp_database.pool import PoolSettings, PoolStatus

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CallKind:
    """What a call does, which decides what may be done when it fails.

    `opens_stream`: it begins on a stream of its own, so the number of these at once is limited, and one that
    found the database locked has done nothing. `repeatable`: doing it twice does no harm. `commits`: when no
    answer comes, it may have changed the database.
    """

    opens_stream: bool
    repeatable: bool
    commits: bool


READ: Final = CallKind(opens_stream=True, repeatable=True, commits=False)
WRITE: Final = CallKind(opens_stream=True, repeatable=False, commits=True)
BEGIN: Final = CallKind(opens_stream=True, repeatable=True, commits=False)
"""A transaction's begin and first statement: if its answer is lost, nobody can commit what it began."""
CONTINUE: Final = CallKind(opens_stream=False, repeatable=False, commits=False)
COMMIT: Final = CallKind(opens_stream=False, repeatable=False, commits=True)


class Calls:
    """Runs calls to the server.

    Calls that open a stream share `size + max_overflow` places. Those that continue a transaction need none:
    the transaction that holds the write lock must never wait behind calls that wait for the lock.
    """

    def __init__(
        self,
        pool: PoolSettings,
        attempts: int,
        *,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._attempts = attempts
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._slots = asyncio.Semaphore(pool.size + pool.max_overflow)
        self._active = 0
        self._running = 0
        self._idle = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def check_open(self) -> None:
        """Raise ClientClosedError after `close`."""
        if self._closed:
            raise ClientClosedError("the client was closed", "CLIENT_CLOSED")

    def status(self) -> PoolStatus:
        """Calls under way now that opened a stream; connections are the HTTP client's matter."""
        return PoolStatus(active=self._active, idle=0, size=self._pool.size)

    async def run(self, kind: CallKind, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call, and make it again as far as its kind allows.

        Raises what the call raises; OutcomeUnknownError instead when it may have changed the database.
        """
        self.check_open()
        self._running += 1
        try:
            return await self._run(kind, call)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def close(self) -> None:
        """Refuse new calls and wait for those under way."""
        self._closed = True
        while self._running:
            self._idle.clear()
            await self._idle.wait()

    async def _run(self, kind: CallKind, call: Callable[[], Awaitable[T]]) -> T:
        started = self._clock()
        attempt = 0
        while True:
            attempt += 1
            try:
                async with self._place(kind):
                    return await call()
            except TransientDatabaseError as error:
                if not self._may_repeat(kind, error, attempt, self._clock() - started):
                    if kind.commits and isinstance(error, AnswerLostError):
                        raise _outcome_unknown(error) from error
                    raise
            except NotUnderstoodError as error:
                if kind.commits:
                    raise _outcome_unknown(error) from error
                raise
            await self._backoff.pause(attempt)
            self.check_open()

    def _may_repeat(
        self, kind: CallKind, error: TransientDatabaseError, attempt: int, elapsed: float
    ) -> bool:
        if error.code.startswith("SQLITE_BUSY"):
            return kind.opens_stream and elapsed < self._pool.busy_timeout
        if attempt >= self._attempts or elapsed >= self._pool.timeout:
            return False
        if isinstance(error, UnreachableError):
            return True
        return kind.repeatable and isinstance(error, AnswerLostError) and not error.timed_out

    @contextlib.asynccontextmanager
    async def _place(self, kind: CallKind) -> AsyncIterator[None]:
        if not kind.opens_stream:
            yield
            return
        try:
            async with asyncio.timeout(self._pool.timeout):
                await self._slots.acquire()
        except TimeoutError as error:
            raise PoolTimeoutError(
                f"no connection was free within {self._pool.timeout:g} s", "POOL_TIMEOUT"
            ) from error
        try:
            self.check_open()
            self._active += 1
            try:
                yield
            finally:
                self._active -= 1
        finally:
            self._slots.release()


def _outcome_unknown(error: AnswerLostError | NotUnderstoodError) -> OutcomeUnknownError:
    return OutcomeUnknownError(f"{error.explanation}; it is not known whether the write was done", error.code)
