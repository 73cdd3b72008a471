"""The load generator against a small server of raw HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_client import HttpClient, LostAnswerError
from whatsapp_stack.http_connection import build_request
from whatsapp_stack.load import closed_loop, open_loop

Respond = Callable[[bytes], Awaitable[bytes | None]]
"""From a request's head to the answer; None closes the connection without one."""

REQUEST = build_request("POST", "/x", body=b"12345")


@contextlib.asynccontextmanager
async def _server(respond: Respond) -> AsyncIterator[int]:
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.current_task()
        assert conversation is not None
        conversations.add(conversation)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"Content-Length" in head:
                    await reader.readexactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
                answer = await respond(head)
                if answer is None:
                    break
                writer.write(answer)

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for conversation in conversations:
        conversation.cancel()
    await asyncio.gather(*conversations, return_exceptions=True)


def _answer(status: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


async def test_closed_loop_counts_answers_refusals_and_lost_connections() -> None:
    numbers = iter(range(1000))

    async def respond(_head: bytes) -> bytes | None:
        number = next(numbers)
        return None if number % 10 == 9 else _answer(503 if number % 10 == 8 else 200, b"body")

    async with _server(respond) as port:
        result = await closed_loop(port, [REQUEST] * 100, connections=4, seconds=10)
    assert (result.answered, result.refused, result.lost, result.errors) == (80, {503: 10}, 10, 20)
    assert 0 < result.quantile(0.5) <= result.quantile(0.99) <= result.longest
    assert result.rate == pytest.approx(80 / result.seconds)


async def test_open_loop_keeps_its_rate_and_counts_from_the_intended_moment() -> None:
    """A server that stalls once delays every request that should have been sent meanwhile."""
    stalled = asyncio.Event()

    async def respond(_head: bytes) -> bytes:
        if not stalled.is_set():
            stalled.set()
            await asyncio.sleep(0.3)
        return _answer(200)

    async with _server(respond) as port:
        result = await open_loop(port, [REQUEST] * 60, rate=100, connections=1, seconds=10)
    assert result.answered == 60
    assert result.seconds == pytest.approx(0.6, abs=0.2)
    assert result.longest >= 0.3
    assert sum(latency > 0.1 for latency in result.latencies) >= 15


async def test_load_ends_in_bounded_time() -> None:
    async def respond(_head: bytes) -> bytes:
        await asyncio.sleep(60)
        return _answer(200)

    async with _server(respond) as port:
        with pytest.raises(StackError, match=r"2 requests were not answered within 0\.2 s"):
            await closed_loop(port, [REQUEST] * 2, connections=2, seconds=0.2)


async def test_client_reads_split_answers_and_reconnects() -> None:
    answers = iter([_answer(200, b'{"a": 1}'), None, _answer(200, b"[]"), _answer(404)])

    async def respond(_head: bytes) -> bytes | None:
        return next(answers)

    async with _server(respond) as port, HttpClient(port) as client:
        assert await client.get_json("/") == {"a": 1}
        with pytest.raises(LostAnswerError, match="ConnectionResetError"):
            await client.request("GET", "/")
        assert (await client.request("GET", "/")).body == b"[]"
        with pytest.raises(StackError, match="GET /x: 404"):
            await client.get_json("/x")
    async with HttpClient(port) as client:
        with pytest.raises(LostAnswerError, match="ConnectionRefusedError"):
            await client.request("GET", "/")
