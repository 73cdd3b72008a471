"""Real servers on loopback, a clock that tests move, a certificate of our own."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_world.clock import Clock
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.statuses import StatusTimings
from whatsapp_world.graph.templates import Template, TemplateList
from whatsapp_world.graph.webhook_payload import BusinessNumber
from whatsapp_world.graph.webhook_sender import WebhookTarget
from whatsapp_world.http_server import Endpoint, SimulatorServer

Serve = Callable[..., AbstractAsyncContextManager[str]]
StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@dataclass
class ManualClock:
    """A clock that stands still until a test moves it."""

    moment: dt.datetime = dt.datetime(2025, 1, 23, 14, 30, tzinfo=dt.UTC)
    seconds: float = 1_000.0

    def now(self) -> dt.datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.moment += dt.timedelta(seconds=seconds)
        self.seconds += seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class _AnnouncedServer(SimulatorServer):
    """Sets an event once it listens."""

    def __init__(self, app: ASGIApp, endpoint: Endpoint) -> None:
        super().__init__(app, endpoint)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture
def serve() -> Serve:
    """Serve an application while a context lasts; gives its base URL."""

    @contextlib.asynccontextmanager
    async def serving(app: ASGIApp, endpoint: Endpoint | None = None) -> AsyncIterator[str]:
        endpoint = endpoint or Endpoint()
        server = _AnnouncedServer(app, endpoint)
        task = asyncio.create_task(server.serve())
        await asyncio.wait_for(server.listening.wait(), 10)
        scheme = "http" if endpoint.tls_cert is None else "https"
        try:
            yield f"{scheme}://127.0.0.1:{server.bound_port}"
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 15)

    return serving


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    # Without certificates, as in `start_graph`.
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(trust_env=False, timeout=10, verify=trust) as http:
        yield http


@pytest.fixture
def webhook_requests() -> "asyncio.Queue[tuple[bytes, str]]":
    """POSTs that the webhook receiver got: (raw body, signature)."""
    return asyncio.Queue()


@pytest.fixture
def webhook_answers() -> list[int]:
    """HTTP status codes of the receiver's next answers; 200 once they are used up."""
    return []


@pytest.fixture
async def webhook_url(
    serve: Serve, webhook_requests: "asyncio.Queue[tuple[bytes, str]]", webhook_answers: list[int]
) -> AsyncIterator[str]:
    """A running receiver of webhooks whose verify token is ``verify-me``."""

    async def receive(request: Request) -> Response:
        if request.method == "GET":
            if request.query_params["hub.verify_token"] != "verify-me":
                return PlainTextResponse("no", status_code=403)
            return PlainTextResponse(request.query_params["hub.challenge"])
        await webhook_requests.put((await request.body(), request.headers.get("X-Hub-Signature-256", "")))
        return PlainTextResponse("", status_code=webhook_answers.pop(0) if webhook_answers else 200)

    async with serve(Starlette(routes=[Route("/webhook", receive, methods=["GET", "POST"])])) as url:
        yield url + "/webhook"


TOKEN = "EAAG-lab-token"
SECRET = "app-secret"
NUMBER = BusinessNumber("102290129340398", "106540352242922", "+51 1 700 0000", "Valorizaciones")
AT_ONCE = StatusTimings(
    sent_seconds=0,
    delivered_seconds=0,
    read_seconds=0,
    failed=0,
    delivered=1,
    read=1,
    skipped_delivered=0,
    duplicated=0,
)


def some_templates() -> TemplateList:
    return TemplateList(
        [
            Template("pago_realizado", "es", "utility", "Hola {{1}}: se pagó {{2}}.", ("1", "2")),
            Template("saludo", "es", "marketing", "Hola {{nombre}}.", ("nombre",)),
            Template("aviso", "es", "utility", "Aviso.", ()),
        ]
    )


@pytest.fixture
def start_graph(serve: Serve, webhook_url: str) -> StartGraph:
    """Start a Graph simulator whose webhooks go to the receiver, one status a request unless told otherwise.

    ``settings`` are members of GraphSettings; the client that the context gives carries the token.
    """

    @contextlib.asynccontextmanager
    async def start(
        *,
        timings: StatusTimings = AT_ONCE,
        url: str | None = None,
        batch: int = 1,
        time_compression: float = 6_000,
        clock: Clock | None = None,
        **settings: Any,  # noqa: ANN401 - as GraphSettings has them
    ) -> AsyncIterator[httpx.AsyncClient]:
        target = WebhookTarget(
            url or webhook_url, SECRET, batch=batch, window_seconds=0, time_compression=time_compression
        )
        simulator = GraphSimulator(
            GraphSettings(
                access_token=TOKEN,
                number=NUMBER,
                webhook=target,
                verify_token="verify-me",
                timings=timings,
                seed=1,
                **settings,
            ),
            clock=clock,
        )
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            serve(build_app(simulator)) as base_url,
            # A context without certificates: loading them takes longer than most tests.
            httpx.AsyncClient(
                base_url=base_url,
                headers=headers,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                trust_env=False,
            ) as http,
        ):
            yield http

    return start


@pytest.fixture
def templates() -> TemplateList:
    """Three templates: positional and named placeholders, and none."""
    return some_templates()


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM files."""

    cert: Path
    key: Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    files = Certificate(folder / "cert.pem", folder / "key.pem")
    files.cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Wait, at most ten seconds, until a condition that asks a server holds."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(10):
            while not await condition():
                pass

    return wait
