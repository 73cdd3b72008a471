"""Connections that do not ask for anything end; those that did stay."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from whatsapp_exporter.request_deadline import with_request_deadline

from .exporter_server import WebFile, running

SECONDS = 0.3
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"HTTP/1.1 204 No Content\r\n"


PROTOCOLS = ["h11_impl:H11Protocol", "httptools_impl:HttpToolsProtocol"]
"""Those that uvicorn may choose."""


def protocol_named(name: str) -> type[asyncio.Protocol]:
    """One of uvicorn's; the second needs a package that the exporter does not."""
    module, _, attribute = name.partition(":")
    found = pytest.importorskip(f"uvicorn.protocols.http.{module}", reason="httptools is not installed")
    protocol: type[asyncio.Protocol] = getattr(found, attribute)
    return protocol


@asynccontextmanager
async def serving(protocol: str, answer_after: float = 0.0) -> AsyncIterator[int]:
    """A server that answers 204 and bounds the head of a request; gives its port."""

    async def application(scope: Scope, _receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await asyncio.sleep(answer_after)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    config = uvicorn.Config(
        application,
        http=with_request_deadline(protocol_named(protocol), SECONDS),
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection; no wait on it is longer than ten seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.close()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("sent", [b"", b"G", REQUEST[:-2]])
async def test_connection_without_a_whole_head_is_closed(protocol: str, sent: bytes) -> None:
    async with serving(protocol) as port, connected(port) as (reader, writer):
        started = time.monotonic()
        writer.write(sent)
        assert await ended(reader) == b""
        assert time.monotonic() - started > SECONDS * 0.9


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_dripped_head_gains_no_time(protocol: str) -> None:
    async with serving(protocol) as port, connected(port) as (reader, writer):
        end = asyncio.create_task(ended(reader))
        for number in range(1000):
            writer.write(REQUEST[number : number + 1] if number < len(REQUEST) - 4 else b"x")
            if (await asyncio.wait({end}, timeout=SECONDS / 10))[0]:
                break
        assert await end == b""
        assert number < 900


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_request_takes_as_long_as_it_takes(protocol: str) -> None:
    async with serving(protocol, SECONDS * 2) as port, connected(port) as (reader, writer):
        for _ in range(2):  # the second after a pause, over the kept connection
            writer.write(REQUEST)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(ANSWER)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), SECONDS * 1.5)
        writer.write(REQUEST[:4])
        assert await ended(reader) == b""


def test_exporters_server_has_the_deadline(tmp_path: Path) -> None:
    plain = WebFile(tmp_path / "plain.yml", {})
    with (
        running(plain.watcher, request_seconds=SECONDS) as found,
        socket.create_connection(("127.0.0.1", found.port), timeout=10) as connection,
        contextlib.suppress(ConnectionResetError),
    ):
        assert connection.recv(1) == b""
    assert found.requests == 0
