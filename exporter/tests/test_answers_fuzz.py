"""Whatever the service answers: a page that Prometheus can read, or a CollectionError; nothing else."""

import asyncio
import copy
import json
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from whatsapp_exporter.collector import CollectionError, Collector, CollectorSurroundings
from whatsapp_exporter.collectors.api import ApiCollector
from whatsapp_exporter.collectors.api.config import ApiConfig
from whatsapp_exporter.collectors.api.endpoints import ENDPOINTS
from whatsapp_exporter.collectors.health import HealthCollector
from whatsapp_exporter.collectors.health.config import HealthConfig
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily, Family

SECRET = "51987654321"
"""Stands for what must never be seen again: it is part of many of the texts that are sent."""
MAX_SERIES = 250
MAX_REASON = 5000
LABEL = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
NUMBERS = (0, -1, 2**63, 10**400, -(10**400), 1e308, 5e-324, math.inf, -math.inf, math.nan, True)

texts = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=["Cc", "Cs", "Co", "Zl", "Zp", "Mn"]), max_size=5),
    st.sampled_from(
        [SECRET, f"+{SECRET}", f'x"\\\n{SECRET}', "x" * 5000, "healthy", "todo", "2025-01-23T14:25:00"]
    ),
)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(NUMBERS), texts)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
wild_json = st.one_of(
    st.binary(max_size=200),
    values.map(lambda value: json.dumps(value).encode()),
    st.integers(1, 5000).map(lambda depth: b'{"status": ' + b"[" * depth + b"]" * depth + b"}"),
    st.integers(1, 5000).map(lambda depth: b'{"components": ' * depth + b"1" + b"}" * depth),
    st.integers(4000, 5000).map(lambda digits: b'{"status": "x", "uptime_seconds": %s}' % (b"9" * digits)),
    st.sampled_from(
        [b'{"status": "x", "uptime_seconds": 1e999}', b'{"status": "\\ud800"}', b"\xef\xbb\xbf{}"]
    ),
)
codes = st.sampled_from([200, 200, 200, 200, 204, 301, 401, 404, 500, 503])

HEALTH: dict[str, Any] = {
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
            "paused": False,
            "pauses": [{"scope": "todo"}],
            "api_version": "v23.0",
            "api_version_days_left": 3,
        },
        "scheduler": {
            "status": "running",
            "active_jobs": 3,
            "last_execution": "2025-01-23T14:24:30",
            "next_execution": "2025-01-23T14:25:30",
        },
        "cache": {"status": "connected", "hit_rate": 0.87, "used_memory_mb": 64.2, "max_memory_mb": 256},
    },
}


def well_formed(endpoint: str) -> dict[str, Any]:
    """The right document of an endpoint, from the collector's own table of fields."""
    document: dict[str, Any] = {}
    for reading in next(one for one in ENDPOINTS if one.name == endpoint).readings:
        inner = document
        for name in reading.path[:-1]:
            inner = inner.setdefault(name, {})
        inner[reading.path[-1]] = "2025-01-23T14:24:30Z" if reading.kind.name == "TIMESTAMP" else 1
    return document


def paths(content: object, trail: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The way to everything in the document."""
    found = [trail] if trail else []
    if isinstance(content, dict):
        for name, value in content.items():
            found += paths(value, (*trail, name))
    return found


@st.composite
def spoilt(draw: st.DrawFn, document: dict[str, Any]) -> bytes:
    """The document with some values replaced, and some members added, by anything."""
    content = copy.deepcopy(document)
    for path in draw(st.lists(st.sampled_from(paths(document)), min_size=1, max_size=6)):
        inner: Any = content
        for name in path[:-1]:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[path[-1]] = draw(values)
    if isinstance(content.get("components"), dict):
        content["components"] |= draw(st.dictionaries(texts, values, max_size=40))
    return json.dumps(content).encode()


class Canned(httpx.AsyncBaseTransport):
    """Gives the answers that are set, by the request's path."""

    def __init__(self) -> None:
        self.answers: Mapping[str, tuple[int, bytes]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        code, body = self.answers[request.url.path]
        return httpx.Response(code, stream=httpx.ByteStream(body))


class Bench:
    """A collector with its canned answers, in a loop of its own."""

    def __init__(self, collector: Collector, transport: Canned, runner: asyncio.Runner) -> None:
        self._collector = collector
        self._transport = transport
        self._runner = runner
        self._encoder = PageEncoder()

    def ask(self, answers: Mapping[str, tuple[int, bytes]]) -> Sequence[AnyFamily]:
        """Run the collector once and check everything that it gives."""
        self._transport.answers = answers
        reason = ""
        try:
            families = self._runner.run(self._collector.collect())
        except CollectionError as error:
            families, reason = error.families, str(error)
        assert len(reason) < MAX_REASON
        assert reason.isprintable()
        assert SECRET not in reason
        self._check(families)
        return families

    def _check(self, families: Sequence[AnyFamily]) -> None:
        assert families
        assert len({one.definition.name for one in families}) == len(families)
        assert sum(one.series for one in families) <= MAX_SERIES
        expected = {}
        for one in families:
            assert isinstance(one, Family)
            for labels, value in one.samples.items():
                assert math.isfinite(value)
                assert all(LABEL.fullmatch(label) for label in labels)
                expected[one.definition.name, *sorted(zip(one.definition.labels, labels, strict=True))] = (
                    value
                )
        for form, parse in ((Form.TEXT, parse_text), (Form.OPENMETRICS, parse_openmetrics)):
            page = self._encoder.encode(families, form, gzip=False).decode()
            assert SECRET not in page
            shown = {
                (sample.name, *sorted(sample.labels.items())): sample.value
                for parsed in parse(page)
                for sample in parsed.samples
            }
            assert shown == expected


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop for the examples."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def health(runner: asyncio.Runner) -> Iterator[Bench]:
    """The health collector."""
    transport = Canned()
    surroundings = CollectorSurroundings("", None, time.time, time.monotonic)
    collector = HealthCollector(HealthConfig(url="http://service/health"), surroundings, transport=transport)
    yield Bench(collector, transport, runner)
    runner.run(collector.close())


@pytest.fixture
def api(runner: asyncio.Runner, tmp_path: Path) -> Iterator[Bench]:
    """The api collector."""
    transport = Canned()
    (tmp_path / "key").write_text("key", encoding="utf-8")
    surroundings = CollectorSurroundings("", None, time.time, time.monotonic)
    config = ApiConfig(url="http://service", api_key_file=tmp_path / "key")
    collector = ApiCollector(config, surroundings, transport=transport)
    yield Bench(collector, transport, runner)
    runner.run(collector.close())


fuzz = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@fuzz
@given(code=codes, body=st.one_of(wild_json, spoilt(HEALTH), spoilt(HEALTH)))
def test_any_answer_to_health(health: Bench, code: int, body: bytes) -> None:
    health.ask({"/health": (code, body)})


@fuzz
@given(st.data())
def test_any_answers_to_api(api: Bench, data: st.DataObject) -> None:
    answers = {}
    for endpoint in ENDPOINTS:
        document = well_formed(endpoint.name)
        body = st.one_of(wild_json, spoilt(document), st.just(json.dumps(document).encode()))
        answers[endpoint.path] = (data.draw(codes), data.draw(body))
    api.ask(answers)


def test_the_unspoilt_documents_are_shown_whole(health: Bench, api: Bench) -> None:
    assert len(health.ask({"/health": (200, json.dumps(HEALTH).encode())})) > 15
    answers = {one.path: (200, json.dumps(well_formed(one.name)).encode()) for one in ENDPOINTS}
    shown = api.ask(answers)
    assert len(shown) == 2 + sum(len(one.readings) for one in ENDPOINTS) - 1  # `running` is no number here


def test_most_components_and_pauses_that_fit(health: Bench) -> None:
    content = copy.deepcopy(HEALTH)
    content["components"] |= {f"c{number}": {"status": f"s{number}"} for number in range(20_000)}
    content["components"]["whatsapp_api"]["pauses"] = [
        {"scope": f"{SECRET}{number}"} for number in range(9_000)
    ]
    body = json.dumps(content).encode()
    assert len(body) < 1_000_000
    health.ask({"/health": (200, body)})
