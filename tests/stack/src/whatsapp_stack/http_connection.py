"""A keep-alive HTTP/1.1 connection that costs its process little: requests are bytes made before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

HOST: Final = "127.0.0.1"
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One request at a time; `on_answer` and `on_lost` are called from the event loop.

    Only answers with a Content-Length are understood; any other ends the connection. `on_lost` is called
    once, also when the server closes an idle connection.
    """

    def __init__(
        self,
        on_answer: Callable[[Connection, Answer], None],
        on_lost: Callable[[Connection], None],
    ) -> None:
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._expected = 0

    @property
    def is_open(self) -> bool:
        """Whether a request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes) -> None:
        """Send a whole request, whose answer comes to `on_answer`."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self._transport.write(request)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if len(self._received) < self._expected:
            return
        end = self._received.find(_HEAD_END)
        if end < 0:
            return
        length = _content_length(self._received[:end].lower())
        if length is None:
            self.close()
            return
        self._expected = end + len(_HEAD_END) + length
        if len(self._received) < self._expected:
            return
        answer = Answer(int(self._received[9:12]), self._received[end + len(_HEAD_END) : self._expected])
        self._received = b""
        self._expected = 0
        self._on_answer(self, answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost(self)


async def connect(
    port: int, on_answer: Callable[[Connection, Answer], None], on_lost: Callable[[Connection], None]
) -> Connection:
    """Open a connection to a port of 127.0.0.1. Raises OSError."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(on_answer, on_lost), HOST, port)
    return connection


def build_request(
    method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
) -> bytes:
    """The bytes of one request; a body is JSON."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + (body or b"")


def _content_length(head: bytes) -> int | None:
    start = head.find(b"\r\ncontent-length:")
    if start < 0:
        return None
    start += len(b"\r\ncontent-length:")
    end = head.find(b"\r\n", start)
    return int(head[start : len(head) if end < 0 else end])
