"""A load of messages over kept-alive connections, by a client that costs little beside the server."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final, cast

import orjson

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


@dataclass(frozen=True)
class LoadTarget:
    """Whom to send messages to, in the clear, and for which number and template."""

    host: str
    port: int
    token: str
    phone_number_id: str
    template: str
    version: str = "v23.0"


@dataclass(frozen=True)
class LoadResult:
    """What came of a load; times in seconds."""

    seconds: float
    accepted: int
    refused: int
    median: float
    p99: float


class LoadError(Exception):
    """The server cannot be reached, or ended a connection."""


class _Connection(asyncio.Protocol):
    """Sends the next message when the answer to the last has come."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.accepted = 0
        self.refused = 0
        self.latencies: list[float] = []
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(_END)
        if head < 0:
            return
        start = self._buffer.find(_LENGTH) + len(_LENGTH)
        length = int(self._buffer[start : self._buffer.find(b"\r\n", start)])
        if len(self._buffer) < head + len(_END) + length:
            return
        if self._buffer.startswith(b"HTTP/1.1 200"):
            self.accepted += 1
        else:
            self.refused += 1
        self.latencies.append(time.perf_counter() - self._sent_at)
        self._buffer = b""
        self._send()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.lost = self._transport is not None

    def forget(self) -> None:
        """Count from zero."""
        self.accepted = self.refused = 0
        self.latencies.clear()

    def close(self) -> None:
        """End the connection."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def _send(self) -> None:
        if self._transport is not None:
            self._sent_at = time.perf_counter()
            self._transport.write(next(self._requests))


async def load(
    target: LoadTarget, *, seconds: float, connections: int, warm_up_seconds: float = 0.0
) -> LoadResult:
    """Send as many messages as get answered, each with its own recipient and callback data.

    Raises LoadError when a connection cannot be made or is ended by the server.
    """
    loop = asyncio.get_running_loop()
    requests = _requests(target)
    clients: list[_Connection] = []
    try:
        for _ in range(connections):
            _, client = await loop.create_connection(lambda: _Connection(requests), target.host, target.port)
            clients.append(client)
        await asyncio.sleep(warm_up_seconds)
        for client in clients:
            client.forget()
        started = time.perf_counter()
        await asyncio.sleep(seconds)
        elapsed = time.perf_counter() - started
    except OSError as exc:
        raise LoadError(f"cannot connect: {exc.strerror}") from exc
    finally:
        lost = any(client.lost for client in clients)
        for client in clients:
            client.close()
    latencies = sorted(latency for client in clients for latency in client.latencies)
    if lost or len(latencies) < 2:
        raise LoadError("the server ended a connection, or answered next to nothing")
    return LoadResult(
        seconds=elapsed,
        accepted=sum(client.accepted for client in clients),
        refused=sum(client.refused for client in clients),
        median=statistics.median(latencies),
        p99=latencies[len(latencies) * 99 // 100],
    )


def _requests(target: LoadTarget) -> Iterator[bytes]:
    for number in count():
        body = orjson.dumps(
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": f"519{number % 10**8:08d}",
                "type": "template",
                "template": {
                    "name": target.template,
                    "language": {"code": "es"},
                    "components": [
                        {
                            "type": "body",
                            "parameters": [
                                {"type": "text", "text": "Rosa"},
                                {"type": "text", "text": "S/ 10"},
                            ],
                        }
                    ],
                },
                "biz_opaque_callback_data": str(number),
            }
        )
        head = (
            f"POST /{target.version}/{target.phone_number_id}/messages HTTP/1.1\r\nHost: {target.host}\r\n"
            f"Authorization: Bearer {target.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body
