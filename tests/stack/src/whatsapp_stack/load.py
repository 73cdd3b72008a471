"""Load on an HTTP server from prepared requests: as fast as it answers, or at a fixed rate."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from whatsapp_stack.errors import StackError
from whatsapp_stack.http_connection import Answer, Connection, connect

_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What became of the requests; times in seconds, `latencies` in order of the answers.

    In a closed loop a latency counts from the request's sending, in an open loop from the moment at which it
    should have been sent, so that a server that stalls cannot hide it. Only 2xx answers have one.
    """

    seconds: float
    cpu_seconds: float
    latencies: tuple[float, ...]
    refused: dict[int, int] = field(default_factory=dict)
    """Answers other than 2xx, by status."""
    lost: int = 0
    """Requests whose connection ended before the answer."""

    @property
    def answered(self) -> int:
        """Requests answered 2xx."""
        return len(self.latencies)

    @property
    def errors(self) -> int:
        """Requests without a 2xx answer."""
        return sum(self.refused.values()) + self.lost

    @property
    def rate(self) -> float:
        """2xx answers a second."""
        return self.answered / self.seconds

    def quantile(self, share: float) -> float:
        """Latency that this share (0 to 1) of the requests did not exceed, in seconds."""
        if not self.latencies:
            raise StackError("no request was answered")
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    @property
    def longest(self) -> float:
        """The longest latency in seconds."""
        return max(self.latencies)


class _Run:
    """Counts, connections and the end of one load."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = len(requests)
        self._latencies: list[float] = []
        self._refused: Counter[int] = Counter()
        self._lost = 0
        self._connections: set[Connection] = set()
        self._under_way: dict[Connection, float] = {}
        self._reconnecting: set[asyncio.Task[None]] = set()
        self._finished = self._loop.create_future()
        self._requests = requests
        self._port = 0

    async def perform(self, port: int, connections: int, seconds: float) -> LoadResult:
        self._port = port
        for _ in range(connections):
            await self._connect()
        began, cpu = self._loop.time(), time.process_time()
        self._begin(began)
        try:
            async with asyncio.timeout(seconds):
                await self._finished
        except TimeoutError as error:
            raise StackError(f"{self._left} requests were not answered within {seconds:g} s") from error
        finally:
            took, cpu = self._loop.time() - began, time.process_time() - cpu
            self._left = 0
            for task in self._reconnecting:
                task.cancel()
            for connection in tuple(self._connections):
                connection.close()
        return LoadResult(
            seconds=took,
            cpu_seconds=cpu,
            latencies=tuple(self._latencies),
            refused=dict(self._refused),
            lost=self._lost,
        )

    def _begin(self, began: float) -> None:
        raise NotImplementedError

    def _idle(self, connection: Connection) -> None:
        """Give the connection its next request, if there is one."""
        raise NotImplementedError

    def _send(self, connection: Connection, request: bytes, counted_from: float) -> None:
        self._under_way[connection] = counted_from
        connection.send(request)

    async def _connect(self) -> Connection:
        connection = await connect(self._port, self._answered, self._disconnected)
        self._connections.add(connection)
        return connection

    def _answered(self, connection: Connection, answer: Answer) -> None:
        since = self._under_way.pop(connection)
        if answer.status in _OK:
            self._latencies.append(self._loop.time() - since)
        else:
            self._refused[answer.status] += 1
        self._count()
        if self._left:
            self._idle(connection)

    def _disconnected(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._left:
            return
        if self._under_way.pop(connection, None) is not None:
            self._lost += 1
            self._count()
        if self._left:
            task = self._loop.create_task(self._reconnect())
            self._reconnecting.add(task)
            task.add_done_callback(self._reconnecting.discard)

    async def _reconnect(self) -> None:
        while True:
            try:
                connection = await self._connect()
            except OSError:
                await asyncio.sleep(0.05)
            else:
                self._idle(connection)
                return

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0 and not self._finished.done():
            self._finished.set_result(None)


class _ClosedLoop(_Run):
    def __init__(self, requests: Sequence[bytes]) -> None:
        super().__init__(requests)
        self._next = iter(requests)

    def _begin(self, began: float) -> None:
        for connection in tuple(self._connections):
            self._idle(connection)

    def _idle(self, connection: Connection) -> None:
        request = next(self._next, None)
        if request is not None:
            self._send(connection, request, self._loop.time())


class _OpenLoop(_Run):
    def __init__(self, requests: Sequence[bytes], rate: float) -> None:
        super().__init__(requests)
        self._interval = 1 / rate
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._free: deque[Connection] = deque()
        self._sent = 0
        self._began = 0.0

    def _begin(self, began: float) -> None:
        self._began = began
        self._free.extend(self._connections)
        self._tick()

    def _tick(self) -> None:
        now = self._loop.time()
        while self._sent < len(self._requests):
            intended = self._began + self._sent * self._interval
            if intended > now:
                self._loop.call_at(intended, self._tick)
                return
            self._waiting.append((self._requests[self._sent], intended))
            self._sent += 1
            self._dispatch()

    def _dispatch(self) -> None:
        while self._waiting and self._free:
            connection = self._free.popleft()
            if connection.is_open:
                request, intended = self._waiting.popleft()
                self._send(connection, request, intended)

    def _idle(self, connection: Connection) -> None:
        self._free.append(connection)
        self._dispatch()


async def closed_loop(
    port: int, requests: Sequence[bytes], *, connections: int, seconds: float = 300.0
) -> LoadResult:
    """Send every request once, each connection its next one when the last was answered.

    Raises StackError when that takes longer than `seconds`, OSError when nothing listens.
    """
    return await _ClosedLoop(requests).perform(port, connections, seconds)


async def open_loop(
    port: int, requests: Sequence[bytes], *, rate: float, connections: int = 64, seconds: float = 300.0
) -> LoadResult:
    """Send every request once, `rate` a second whatever the server does; they queue for a free connection.

    Raises StackError when that takes longer than `seconds`, OSError when nothing listens.
    """
    return await _OpenLoop(requests, rate).perform(port, connections, seconds)
