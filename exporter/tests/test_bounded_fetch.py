"""Bounded fetching from servers that do everything wrong, over real sockets."""

import asyncio
import contextlib
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from whatsapp_exporter.bounded_fetch import Answer, BoundedFetcher, FetchError, json_of

Respond = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
SECONDS = 0.4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

BOMB = gzip.compress(bytes(20_000_000), 9)
"""Small when sent, large when unpacked."""


class RawServer:
    """Gives each request's head to `respond`; the connection ends when that raises ConnectionError."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.url = ""
        self.connections = 0
        self.heads: list[bytes] = []
        self.over = asyncio.Event()
        self._conversations: set[asyncio.Task[None]] = set()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        conversation = asyncio.current_task()
        assert conversation is not None
        self._conversations.add(conversation)
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                await self.respond(head, writer)
                await writer.drain()

    async def drip(self, writer: asyncio.StreamWriter, text: bytes) -> None:
        """Send the text byte by byte, as slowly as it stays below any bound on a single wait."""
        for byte in text:
            writer.write(bytes((byte,)))
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), SECONDS / 10)

    async def end(self) -> None:
        """End every conversation."""
        self.over.set()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)


Start = Callable[[Respond], Awaitable[RawServer]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start servers that end with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(respond: Respond) -> RawServer:
            server = RawServer(respond)
            listening = await stack.enter_async_context(
                await asyncio.start_server(server.converse, "127.0.0.1", 0)
            )
            stack.push_async_callback(server.end)
            server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/health"
            return server

        yield started


def answer(body: bytes = b"{}", headers: bytes = b"") -> bytes:
    """A whole answer."""
    return HEAD + headers + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def fetch(server: RawServer) -> Answer:
    """Fetch once over a new connection."""
    fetcher = BoundedFetcher(server.url, seconds=SECONDS, keep_alive=False)
    try:
        return await fetcher.fetch(server.url, headers={"X-API-Key": "k"}, params={"a": "b"})
    finally:
        await fetcher.close()


async def refused(server: RawServer) -> str:
    """Fetch once; it must fail, and not much later than it should."""
    started = time.monotonic()
    with pytest.raises(FetchError) as caught:
        await fetch(server)
    assert time.monotonic() - started < SECONDS + 3
    return str(caught.value)


async def test_answer_and_what_is_asked_for(start: Start) -> None:
    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b'{"a": 1}', b"X-Usage: 7\r\n"))

    server = await start(respond)
    got = await fetch(server)
    assert (got.code, got.headers["X-Usage"], json_of(got)) == (200, "7", {"a": 1})
    head = server.heads[0].lower()
    assert head.startswith(b"get /health?a=b http/1.1\r\n")
    for wanted in (b"accept: application/json", b"accept-encoding: identity", b"x-api-key: k"):
        assert wanted in head


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 200 OK\r\nContent-", HEAD + b"Content-Length: 20\r\n\r\n", answer(b"{}" * 10)[:-10]],
    ids=["nothing", "half a head", "a head", "half a body"],
)
async def test_server_that_stops_is_given_up(start: Start, sent: bytes) -> None:
    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        await server.over.wait()

    server = await start(respond)
    assert await refused(server) == "no answer in time"


@pytest.mark.parametrize("at_once", [0, len(HEAD), len(answer())])
async def test_server_that_drips_is_given_up(start: Start, at_once: int) -> None:
    whole = answer(b'{"status": "healthy", "version": "1.0.0"}')

    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(whole[:at_once])
        await server.drip(writer, whole[at_once:])

    server = await start(respond)
    assert await refused(server) == "no answer in time"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        answer(b"{}" * 10)[:-10],
        HEAD + b"X: " + b"x" * 1_000_000,
        b"\0" * 100,
    ],
    ids=["nothing", "another protocol", "half a body", "endless head", "zeros"],
)
async def test_connection_that_ends_or_speaks_no_http(start: Start, sent: bytes) -> None:
    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        raise ConnectionError

    server = await start(respond)
    assert (await refused(server)).startswith("no answer: ")
    assert server.connections == 1


async def test_ten_megabytes_are_refused_after_the_first(start: Start) -> None:
    sent = 0

    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(160):
            writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            await writer.drain()
            sent += 65536
        raise AssertionError("all of it was taken")

    server = await start(respond)
    assert await refused(server) == "the answer is larger than 1000000 bytes"
    assert sent < 10_000_000


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"x-unknown"])
async def test_compressed_answer_is_not_unpacked(start: Start, encoding: bytes) -> None:
    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(BOMB, b"Content-Encoding: %s\r\n" % encoding))

    assert await refused(await start(respond)) == "the answer is compressed, which was not asked for"


@pytest.mark.parametrize("target", [b"/elsewhere", b"http://127.0.0.1:9/", b"file:///etc/passwd"])
async def test_redirect_is_an_answer(start: Start, target: bytes) -> None:
    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target)

    server = await start(respond)
    assert (await fetch(server)).code == 302
    assert len(server.heads) == 1


async def test_kept_connection_is_used_again_and_cookies_are_forgotten(start: Start) -> None:
    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(headers=b"Set-Cookie: a=b; Path=/\r\n"))

    server = await start(respond)
    fetcher = BoundedFetcher(server.url, seconds=SECONDS, keep_alive=True)
    for _ in range(3):
        assert (await fetcher.fetch(server.url)).code == 200
    await fetcher.close()
    assert (server.connections, len(server.heads)) == (1, 3)
    assert not any(b"cookie" in head.lower() for head in server.heads)


async def test_kept_connection_that_ended_is_opened_again(start: Start) -> None:
    async def respond(_head: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.heads) == 2:  # the second request, over the kept connection, finds it closed
            raise ConnectionError
        writer.write(answer())

    server = await start(respond)
    fetcher = BoundedFetcher(server.url, seconds=SECONDS, keep_alive=True)
    assert (await fetcher.fetch(server.url)).code == 200
    assert (await fetcher.fetch(server.url)).code == 200
    await fetcher.close()
    assert (server.connections, len(server.heads)) == (2, 3)


async def test_server_that_always_hangs_up_is_asked_twice_at_most(start: Start) -> None:
    async def respond(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        raise ConnectionError

    server = await start(respond)
    fetcher = BoundedFetcher(server.url, seconds=SECONDS, keep_alive=True)
    with pytest.raises(FetchError, match="no answer: RemoteProtocolError"):
        await fetcher.fetch(server.url)
    await fetcher.close()
    assert server.connections == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "ftp://x/", "http://[/"])
async def test_address_that_cannot_be_asked(url: str) -> None:
    fetcher = BoundedFetcher(url, seconds=SECONDS, keep_alive=False)
    with pytest.raises(FetchError, match="no answer: "):
        await fetcher.fetch(url)
    await fetcher.close()
