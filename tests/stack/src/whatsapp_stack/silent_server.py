"""A server that takes every connection and never answers: what a hung process looks like from outside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from whatsapp_stack.http_connection import HOST


@contextlib.asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Listen on a port of 127.0.0.1, which is given; connections are dropped at the exit."""
    open_ones: set[asyncio.StreamWriter] = set()

    async def read_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass  # the client gave up: that is what it should do
        finally:
            open_ones.discard(writer)
            writer.transport.abort()

    server = await asyncio.start_server(read_only, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in tuple(open_ones):
            writer.transport.abort()
        await server.wait_closed()
