"""Real servers and databases for the exporter's tests."""

import asyncio
import json
import os
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from libsql_client import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_database import migrate, open_database
from whatsapp_exporter.collector import CollectorSurroundings
from whatsapp_exporter.family import AnyFamily, Family

Serve = Callable[[ASGIApp], Awaitable[str]]
Samples = dict[tuple[str, ...], float]
COLLECTORS = Path(__file__).parents[1] / "src" / "whatsapp_exporter" / "collectors"


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[str]:
    """Serve the application on a free port of loopback; give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, ws="none", lifespan="auto", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve applications until the test's end."""
    async with AsyncExitStack() as stack:

        async def start(app: ASGIApp) -> str:
            return await stack.enter_async_context(running(app))

        yield start


@pytest.fixture
def surroundings(tmp_path: Path) -> CollectorSurroundings:
    """Those of the collectors of `/metrics`, by the real clocks."""
    return CollectorSurroundings("", tmp_path, time.time, time.monotonic)


@pytest.fixture
def samples() -> Callable[[Iterable[AnyFamily]], Samples]:
    """Flatten counters and gauges to (name, label values in the definition's order) -> value."""

    def flatten(families: Iterable[AnyFamily]) -> Samples:
        return {
            (one.definition.name, *labels): value
            for one in families
            if isinstance(one, Family)
            for labels, value in one.samples.items()
        }

    return flatten


@pytest.fixture
def check_golden() -> Callable[[str, str], None]:
    """Compare a page with a collector's golden file and with the sample in its README.

    With UPDATE_GOLDEN=1 in the environment both are written instead.
    """

    def check(collector: str, page: str) -> None:
        golden, readme = COLLECTORS / collector / "golden.prom", COLLECTORS / collector / "README.md"
        sample = f"```text\n{page}```\n"
        if os.environ.get("UPDATE_GOLDEN") == "1":
            golden.write_text(page, encoding="utf-8")
            text = re.sub(r"(?s)```text\n.*?```\n", lambda _: sample, readme.read_text(encoding="utf-8"))
            readme.write_text(text, encoding="utf-8")
        assert page == golden.read_text(encoding="utf-8")
        assert sample in readme.read_text(encoding="utf-8")

    return check


@pytest.fixture
def healthy_document() -> dict[str, object]:
    """The manual's "Response Saludable"."""
    return {
        "status": "healthy",
        "version": "1.0.0",
        "uptime_seconds": 3600,
        "components": {
            "database": {
                "status": "connected",
                "response_time_ms": 12.3,
                "active_connections": 5,
                "connection_pool_size": 20,
            },
            "whatsapp_api": {
                "status": "healthy",
                "rate_limit_remaining": 847,
                "rate_limit_reset_seconds": 45,
                "last_successful_request": "2025-01-23T14:25:00",
            },
            "scheduler": {
                "status": "running",
                "active_jobs": 3,
                "last_execution": "2025-01-23T14:24:30",
                "next_execution": "2025-01-23T14:25:30",
            },
            "cache": {
                "status": "connected",
                "hit_rate": 0.87,
                "used_memory_mb": 64.2,
                "max_memory_mb": 256,
            },
        },
    }


class Upstream:
    """An API whose `/health` does what `behaviour` says; counts the requests."""

    def __init__(self, document: dict[str, object]) -> None:
        self.document: object = document
        self.code = 200
        self.body: bytes | None = None
        self.redirect: str | None = None
        self.hold: asyncio.Event | None = None
        self.arrived = asyncio.Event()
        self.requests = 0
        self.url = ""
        self.app = Starlette(routes=[Route("/health", self.answer)])

    async def answer(self, _request: Request) -> Response:
        """Answer as told; with `hold` only after it is set."""
        self.requests += 1
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.redirect is not None:
            return RedirectResponse(self.redirect)
        if self.body is not None:
            return PlainTextResponse(self.body, status_code=self.code)
        return JSONResponse(self.document, status_code=self.code)


@pytest.fixture
async def upstream(serve: Serve, healthy_document: dict[str, object]) -> AsyncIterator[Upstream]:
    """A running API; `upstream.url` is its health address."""
    api = Upstream(healthy_document)
    api.url = await serve(api.app) + "/health?detailed=true"
    yield api
    if api.hold is not None:
        api.hold.set()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """The address of a database file that does not exist yet."""
    return f"file:{tmp_path / 'notifications.db'}"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of `database`'s content, to be copied: applying the migrations takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "notifications.db"

    async def make() -> None:
        async with open_database(f"file:{path}") as client:
            await migrate(client)
            await client.execute(
                "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)"
                " VALUES (1, 7, 'Ana', '+51900000001')"
            )
            await client.execute(
                "INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)"
                " VALUES (1, 'e', 'e', 'Hola')"
            )

    asyncio.run(make())
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # nothing is left in a log beside it
    return path


@pytest.fixture
async def database(database_url: str, migrated_file: Path) -> AsyncIterator[Client]:
    """A migrated database with a company, a contact and a template."""
    shutil.copyfile(migrated_file, database_url.removeprefix("file:"))
    async with open_database(database_url) as client:
        yield client


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key (PEM files)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "exporter.test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "exporter.crt", folder / "exporter.key"
    certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_file, key_file


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """The files of a certificate."""
    return write_certificate(tmp_path)


@pytest.fixture
def renew_certificate(tmp_path: Path) -> Callable[[], tuple[Path, Path]]:
    """Write another certificate and key in the same files."""
    return lambda: write_certificate(tmp_path)


@pytest.fixture
def config_file(tmp_path: Path, database_url: str) -> Path:
    """A configuration whose health collector finds nobody."""
    path = tmp_path / "config.yml"
    content = {
        "collectors": {
            "health": {"url": "http://127.0.0.1:9/health?detailed=true", "timeout": "2s"},
            "database": {"url": database_url},
        }
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
