"""The Graph simulator as a real server, its answers replaced where a test says so, and clocks to move."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.graph import GraphCollector
from whatsapp_exporter.collectors.graph.config import GraphConfig
from whatsapp_exporter.family import AnyFamily, Family
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.templates import Template, TemplateList
from whatsapp_world.graph.webhook_payload import BusinessNumber
from whatsapp_world.http_server import Endpoint, SimulatorServer

TOKEN = "EAAG-lab-token"
PHONE, ACCOUNT = "106540352242922", "102290129340398"
NUMBER = BusinessNumber(ACCOUNT, PHONE, "+51 1 700 0000", "Valorizaciones")
WEBHOOK = "https://notificaciones.example.com/api/notifications/webhook"
Samples = dict[tuple[str, ...], float]


@dataclass
class ManualClock:
    """Stands still until a test moves it; as the simulator and the collector want a clock."""

    moment: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)
    seconds: float = 5_000.0

    def now(self) -> datetime:
        return self.moment

    def wall(self) -> float:
        return self.moment.timestamp()

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class Replacement:
    """An answer instead of the simulator's. `hang`: it never comes."""

    body: bytes = b""
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False


@dataclass
class Front:
    """Stands before the simulator: counts its reads, and answers for it where `replaced` has the path."""

    app: ASGIApp
    replaced: dict[str, Replacement] = field(default_factory=dict)
    reads: list[tuple[str, str]] = field(default_factory=list)
    """Path and query of each."""
    tokens: set[str] = field(default_factory=set)
    """Authorization headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_lab/"):
            await self.app(scope, receive, send)
            return
        self.reads.append((scope["path"], scope["query_string"].decode()))
        self.tokens |= {value.decode() for name, value in scope["headers"] if name == b"authorization"}
        for end, replacement in self.replaced.items():
            if scope["path"].endswith(end):
                await self._replace(replacement, receive, send)
                return
        await self.app(scope, receive, send)

    async def _replace(self, replacement: Replacement, receive: Receive, send: Send) -> None:
        if replacement.hang:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        headers = [(name.lower().encode(), value.encode()) for name, value in replacement.headers.items()]
        await send({"type": "http.response.start", "status": replacement.code, "headers": headers})
        await send({"type": "http.response.body", "body": replacement.body})


class World:
    """A running simulator with a collector of it."""

    def __init__(self, address: str, front: Front, lab: httpx.AsyncClient, folder: Path) -> None:
        self.address = address
        self.front = front
        self.clock = ManualClock()
        self.folder = folder
        self.token_file = folder / "graph_token"
        self.token_file.write_text(f"{TOKEN}\n", encoding="ascii")
        self._lab = lab
        self._collectors: list[GraphCollector] = []

    async def change(self, what: str, **members: object) -> None:
        """Change the business by `/_lab/<what>`."""
        answer = await self._lab.post(f"/_lab/{what}", json=members)
        assert answer.is_success, answer.text

    async def lift_faults(self) -> None:
        """Lift every fault."""
        assert (await self._lab.delete("/_lab/faults")).is_success

    def replace(self, path_end: str, answer: object = None, **members: Any) -> None:  # noqa: ANN401
        """Answer with a JSON document (or what `members` of Replacement say) for the simulator."""
        body = json.dumps(answer).encode() if answer is not None else b""
        self.front.replaced[path_end] = Replacement(**{"body": body, **members})

    def collector(self, **settings: object) -> GraphCollector:
        """Return a new collector that is closed at the test's end; `settings` are members of GraphConfig."""
        version = settings.pop("version", "v23.0")
        config = GraphConfig.model_validate(
            {
                "url": f"{self.address}/{version}",
                "phone_number_id": PHONE,
                "account_id": ACCOUNT,
                "token_file": self.token_file,
                "webhook_url": WEBHOOK,
                "timeout": 5,
                **settings,
            }
        )
        surroundings = CollectorSurroundings("", self.folder, self.clock.wall, self.clock.monotonic)
        self._collectors.append(GraphCollector(config, surroundings))
        return self._collectors[-1]

    async def close(self) -> None:
        for collector in self._collectors:
            await collector.close()


class _AnnouncedServer(SimulatorServer):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, Endpoint())
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextlib.asynccontextmanager
async def _serving(app: ASGIApp) -> AsyncIterator[str]:
    server = _AnnouncedServer(app)
    task = asyncio.create_task(server.serve())
    await asyncio.wait_for(server.listening.wait(), 10)
    try:
        yield f"http://127.0.0.1:{server.bound_port}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 15)


@pytest.fixture
def templates() -> TemplateList:
    """Three templates."""
    return TemplateList(
        [
            Template("pago_realizado", "es_PE", "utility", "Hola {{1}}.", ("1",)),
            Template("saludo", "es_PE", "marketing", "Hola.", ()),
            Template("saludo", "en_US", "marketing", "Hello.", ()),
        ]
    )


@pytest.fixture
async def world(tmp_path: Path, templates: TemplateList) -> AsyncIterator[World]:
    """A healthy business; no limit on reads but the collector's own."""
    simulator = GraphSimulator(
        GraphSettings(access_token=TOKEN, number=NUMBER, templates=templates, reads_per_hour=0, seed=1)
    )
    simulator.business.phone.application_callback = WEBHOOK
    front = Front(build_app(simulator))
    async with (
        _serving(front) as address,
        # A context without certificates: loading them takes longer than most tests.
        httpx.AsyncClient(
            base_url=address, trust_env=False, timeout=10, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ) as lab,
    ):
        running = World(address, front, lab, tmp_path)
        try:
            yield running
        finally:
            await running.close()


def _flatten(families: Iterable[AnyFamily]) -> Samples:
    return {
        (one.definition.name.removeprefix("whatsapp_graph_"), *labels): value
        for one in families
        if isinstance(one, Family)
        for labels, value in one.samples.items()
    }


@dataclass(frozen=True)
class Outcome:
    """What a run gave: samples by (name without its prefix, label values), and the error's text."""

    samples: Samples
    error: str | None

    def current(self, *labels: str) -> set[str]:
        """Return the states that are 1 of a metric, with these first labels."""
        return {key[-1] for key, value in self.samples.items() if key[:-1] == labels and value == 1}

    def names(self) -> set[str]:
        """Return the metrics that have series."""
        return {key[0] for key in self.samples}


@pytest.fixture
def collect() -> Callable[[GraphCollector], Any]:
    """Run a collector once; give its Outcome."""

    async def run(collector: GraphCollector) -> Outcome:
        try:
            return Outcome(_flatten(await collector.collect()), None)
        except CollectionError as error:
            return Outcome(_flatten(error.families), str(error))

    return run
