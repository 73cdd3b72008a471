"""The server's state: settings, streams, faults, and the threads in which SQL runs."""

import asyncio
import hmac
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whatsapp_world.clock import Clock, SystemClock, iso_utc
from whatsapp_world.hrana.connection import ConnectionShelf, StreamConnection
from whatsapp_world.hrana.errors import ProtocolError
from whatsapp_world.hrana.faults import FaultBoard
from whatsapp_world.hrana.pipeline import run_cursor, run_pipeline
from whatsapp_world.hrana.streams import Stream, StreamTable

# A request that waits for the write lock keeps its thread, so there are as many as requests at once.
MAX_THREADS = 500
SWEEP_SECONDS = 0.05

HangUp = Callable[[], Coroutine[object, object, None]]


@dataclass(frozen=True)
class HranaSettings:
    """What the server is told at its start; the defaults are libSQL's own.

    ``self_url`` is named to clients as the place where a stream continues. Without a token everyone may come.
    """

    database: Path
    token: str | None = None
    transaction_seconds: float = 5.0
    idle_seconds: float = 10.0
    busy_seconds: float = 5.0
    max_answer_bytes: int = 10_000_000
    self_url: str | None = None
    versions: tuple[int, ...] = (2, 3)


class HranaServer:
    """Runs pipelines against one SQLite file, a connection for each stream."""

    def __init__(self, settings: HranaSettings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        # Which requests a fault hits, nothing secret.
        self.faults = FaultBoard(random.Random())  # noqa: S311
        self._streams = StreamTable(idle_seconds=settings.idle_seconds, monotonic=self.clock.monotonic)
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="sql")
        self._shelf = ConnectionShelf(settings.database, busy_seconds=settings.busy_seconds)
        self._requests: Counter[str] = Counter()
        self._cut = 0

    def authorized(self, authorization: str | None) -> bool:
        """Whether the header carries the token."""
        if self.settings.token is None:
            return True
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            token.strip().encode(), self.settings.token.encode()
        )

    async def pipeline(
        self, baton: str | None, requests: list[object], *, version: int, gone: HangUp
    ) -> bytes:
        """Run a pipeline and return its answer as JSON; ``gone`` ends when the client hangs up.

        Raises ProtocolError or StreamExpiredError, which close the stream.
        """
        self._requests[f"v{version}/pipeline"] += 1
        where, results = await self._run(
            baton, lambda stream: _json(run_pipeline(stream, requests, version=version)), gone
        )
        return _json(where)[:-1] + b',"results":' + results + b"}"

    async def cursor(self, baton: str | None, batch: object, *, gone: HangUp) -> bytes:
        """Run a batch and return its answer as lines of JSON; raises as ``pipeline`` does."""
        self._requests["v3/cursor"] += 1
        where, entries = await self._run(
            baton, lambda stream: b"\n".join(_json(entry) for entry in run_cursor(stream, batch)), gone
        )
        return _json(where) + b"\n" + entries + b"\n"

    async def _run(
        self, baton: str | None, job: Callable[[Stream], bytes], gone: HangUp
    ) -> tuple[dict[str, object], bytes]:
        self.sweep()
        loop = asyncio.get_running_loop()
        stream = self._streams.open() if baton is None else self._streams.acquire(baton)
        work = loop.run_in_executor(self._threads, self._connected, stream, baton is None, job)
        watch = asyncio.create_task(gone())
        either: set[asyncio.Future[Any]] = {work, watch}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and stream.connection is not None:
                stream.connection.interrupt()  # libSQL's server too stops what nobody waits for
            answer = await work
        except (ProtocolError, sqlite3.Error):
            await self._close(stream)
            raise
        finally:
            abandoned = watch.done()
            watch.cancel()
        if abandoned:
            await self._close(stream)
        next_baton = self._streams.release(stream)
        if next_baton is not None and self.faults.strike("expire"):
            self._expire(all_waiting=True)
        return {"baton": next_baton, "base_url": self.settings.self_url}, answer

    def sweep(self) -> None:
        """Cut the transactions and close the streams that have lasted too long between two requests."""
        for stream in self._streams.waiting():
            if stream.connection is not None and stream.connection.cut_overdue():
                self._cut += 1
        self._expire(all_waiting=False)

    async def keep_sweeping(self) -> None:
        """Sweep for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()

    def stop(self) -> None:
        """Close every stream; requests in flight have ended."""
        self._threads.shutdown(wait=True)
        for stream in self._streams.take_all():
            _disconnect(stream)
        self._shelf.close()

    def state(self) -> dict[str, object]:
        """Return counts and the faults in force, for ``/_lab/state``."""
        return {
            "now": iso_utc(self.clock.now()),
            "requests": dict(sorted(self._requests.items())),
            "streams_open": len(self._streams),
            "streams_expired": self._streams.expired_total,
            "transactions_cut": self._cut,
            "faults": self.faults.documents(),
        }

    def _connected(self, stream: Stream, new: bool, job: Callable[[Stream], bytes]) -> bytes:
        if new:
            stream.connection = StreamConnection(
                self._shelf,
                transaction_seconds=self.settings.transaction_seconds,
                max_answer_bytes=self.settings.max_answer_bytes,
                monotonic=self.clock.monotonic,
            )
        return job(stream)

    def _expire(self, *, all_waiting: bool) -> None:
        for stream in self._streams.take_expired(all_waiting=all_waiting):
            _disconnect(stream)

    async def _close(self, stream: Stream) -> None:
        self._streams.discard(stream)
        await asyncio.get_running_loop().run_in_executor(self._threads, _disconnect, stream)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _disconnect(stream: Stream) -> None:
    connection, stream.connection = stream.connection, None
    if connection is not None:
        connection.close()
