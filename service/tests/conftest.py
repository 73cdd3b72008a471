"""Fixtures on real servers: uvicorn on an ephemeral port, SQLite files, a small Redis on a socket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
import uvicorn
from libsql_client import Client
from pydantic import SecretStr
from starlette.types import ASGIApp
from whatsapp_database import PoolSettings, migrate, open_database
from whatsapp_service.api.application import create_app
from whatsapp_service.settings import ApiKey, Scope, Settings

Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]


def _key(name: str, *scopes: Scope) -> ApiKey:
    return ApiKey(name=name, scopes=frozenset(scopes), sha256=hashlib.sha256(name.encode()).hexdigest())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for one process; the keys' texts are their names."""
    return Settings(
        workers=1,
        turso_database_url=f"file:{tmp_path / 'notifications.db'}",
        redis_url="redis://127.0.0.1:1/0",
        redis_timeout=1,
        whatsapp_phone_number_id="1055500",
        whatsapp_access_token=SecretStr("access"),
        whatsapp_app_secret=SecretStr("app-secret"),
        whatsapp_verify_token=SecretStr("verify"),
        api_keys=(_key("all", "operate", "read", "monitor"), _key("monitoring", "monitor")),
        scheduler_metrics_port=0,
    )


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema, to be copied: applying the migrations takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "notifications.db"

    async def make() -> None:
        async with open_database(f"file:{path}", pool=PoolSettings(size=1)) as client:
            await migrate(client)

    asyncio.run(make())
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # nothing is left in a log beside it
    return path


@pytest.fixture
async def database(settings: Settings, migrated_file: Path) -> AsyncIterator[Client]:
    """The schema with company 7 (no hours), contact 1, inactive contact 2, template 1 (one variable)."""
    shutil.copyfile(migrated_file, settings.turso_database_url.removeprefix("file:"))
    async with open_database(settings.turso_database_url) as client:
        await client.batch(
            [
                """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono, activo)
                VALUES (1, 7, 'Ana', '+51987654321', 1), (2, 7, 'Luis', '+51987654322', 0)""",
                """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo, variables)
                VALUES (1, 'valorizacion_aprobada', 'valorizacion_aprobada', 'Hola {{1}}', '["nombre"]')""",
            ]
        )
        yield client


@pytest.fixture
def serve() -> Serve:
    """Serve an ASGI application; gives its base URL."""

    @contextlib.asynccontextmanager
    async def serving(app: ASGIApp) -> AsyncIterator[str]:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="auto"))
        with socket.create_server(("127.0.0.1", 0)) as listener:  # connections wait here until it has started
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio sets it on its own only
            task = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                await task

    return serving


@pytest.fixture
async def api(settings: Settings, database: Client, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A client, with the key that may do everything, of the served API."""
    async with (
        serve(create_app(settings, database=database)) as url,
        # A context without certificates: loading them takes longer than most tests.
        httpx.AsyncClient(
            base_url=url,
            headers={"X-API-Key": "all"},
            timeout=10,
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        ) as client,
    ):
        yield client


@pytest.fixture
async def redis_url() -> AsyncIterator[str]:
    """A small Redis: the commands that the cache uses, over RESP."""
    strings: dict[bytes, bytes] = {}
    counters: dict[bytes, int] = {}

    def answer(words: list[bytes]) -> bytes:
        command = words[0].upper()
        reply = b"+OK\r\n"
        if command == b"GET":
            reply = _bulk(strings.get(words[1]))
        elif command == b"SET":
            strings[words[1]] = words[2]
        elif command == b"DEL":
            reply = b":%d\r\n" % (strings.pop(words[1], None) is not None)
        elif command == b"HINCRBY":
            counters[words[2]] = counters.get(words[2], 0) + int(words[3])
            reply = b":%d\r\n" % counters[words[2]]
        elif command == b"HMGET":
            values = [_bulk(str(counters[name]).encode() if name in counters else None) for name in words[2:]]
            reply = b"*%d\r\n" % len(values) + b"".join(values)
        elif command == b"INFO":
            reply = _bulk(b"# Memory\r\nused_memory:67108864\r\nmaxmemory:268435456\r\n")
        elif command == b"HELLO":
            reply = b"%1\r\n" + _bulk(b"proto") + b":" + words[1] + b"\r\n"
        return reply

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                count = int((await reader.readuntil(b"\n"))[1:])
                words: list[bytes] = []
                for _ in range(count):
                    length = int((await reader.readuntil(b"\n"))[1:])
                    words.append((await reader.readexactly(length + 2))[:-2])
                writer.write(answer(words))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


def _bulk(value: bytes | None) -> bytes:
    return b"_\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
