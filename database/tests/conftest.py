"""Fixtures on real database files."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from libsql_client import Client
from starlette.applications import Starlette
from whatsapp_database import migrate, open_database
from whatsapp_world.clock import Clock
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.connection import open_database as make_file
from whatsapp_world.hrana.faults import parse_fault
from whatsapp_world.hrana.server import HranaServer, HranaSettings
from whatsapp_world.http_server import Endpoint, SimulatorServer


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"file:{tmp_path / 'notifications.db'}"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """An empty database."""
    async with open_database(database_url) as opened:
        yield opened


@dataclass(frozen=True)
class RunningServer:
    """A libSQL server that listens, and its URL."""

    url: str
    hrana: HranaServer

    def inject(self, kind: str, **members: object) -> None:
        """Put a fault in force."""
        self.hrana.faults.add(parse_fault({"kind": kind, **members}))

    def requests(self) -> int:
        """How many requests with SQL came so far."""
        counts = self.hrana.state()["requests"]
        assert isinstance(counts, dict)
        return sum(counts.values())


class _AnnouncedServer(SimulatorServer):
    """Sets an event once it listens."""

    def __init__(self, app: Starlette, endpoint: Endpoint) -> None:
        super().__init__(app, endpoint)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture
def serve_app() -> Callable[..., AbstractAsyncContextManager[str]]:
    """Serve an application while a context lasts; gives its URL."""

    @contextlib.asynccontextmanager
    async def serving(app: Starlette, endpoint: Endpoint | None = None) -> AsyncIterator[str]:
        server = _AnnouncedServer(app, endpoint or Endpoint())
        task = asyncio.create_task(server.serve())
        await asyncio.wait_for(server.listening.wait(), 10)
        try:
            yield f"{'https' if endpoint else 'http'}://127.0.0.1:{server.bound_port}"
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 15)

    return serving


@pytest.fixture
def serve(
    tmp_path: Path, serve_app: Callable[..., AbstractAsyncContextManager[str]]
) -> Callable[..., AbstractAsyncContextManager[RunningServer]]:
    """Serve a libSQL server while a context lasts; takes a clock and HranaSettings' members."""

    @contextlib.asynccontextmanager
    async def serving(clock: Clock | None = None, **members: Any) -> AsyncIterator[RunningServer]:  # noqa: ANN401
        database = tmp_path / "served.db"
        make_file(database)
        server = HranaServer(HranaSettings(database, **members), clock=clock)
        async with serve_app(build_app(server)) as url:
            yield RunningServer(url, server)

    return serving


@pytest.fixture(params=["file", "server"])
async def each_url(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    serve: Callable[..., AbstractAsyncContextManager[RunningServer]],
) -> AsyncIterator[str]:
    """The URL of a file, then that of a server."""
    if request.param == "file":
        yield f"file:{tmp_path / 'notifications.db'}"
    else:
        async with serve(busy_seconds=0.5) as server:
            yield server.url


@pytest.fixture
async def each_client(each_url: str) -> AsyncIterator[Client]:
    """An empty database in a file, then on a server."""
    async with open_database(each_url) as opened:
        yield opened


@pytest.fixture
async def migrated(client: Client) -> Client:
    """A database with the schema, one contact (id 1) and two templates (ids 1 and 2)."""
    return await _filled(client)


@pytest.fixture
async def each_migrated(each_client: Client) -> Client:
    """As `migrated`, in a file, then on a server."""
    return await _filled(each_client)


async def _filled(client: Client) -> Client:
    await migrate(client)
    await client.batch(
        [
            """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
            VALUES (1, 7, 'Ana', '+51900000001')""",
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
            VALUES (1, 'a', 'a', 'Hola'), (2, 'b', 'b', 'Hola')""",
        ]
    )
    return client
