"""The health collector against a real API."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pytest
from starlette.types import ASGIApp
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.health import HealthCollector, metrics
from whatsapp_exporter.collectors.health.config import HealthConfig
from whatsapp_exporter.collectors.health.document import InvalidDocumentError, read_document
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily, Family
from whatsapp_exporter.scheduled_collector import CollectorSchedule
from whatsapp_exporter.scrape import Scraper

CheckGolden = Callable[[str, str], None]


class Upstream(Protocol):
    """What conftest's upstream offers."""

    document: Any
    code: int
    body: bytes | None
    redirect: str | None
    hold: asyncio.Event | None
    requests: int
    url: str
    app: ASGIApp


def surroundings(monotonic: Callable[[], float] = time.monotonic) -> CollectorSurroundings:
    """Those of `/metrics`."""
    return CollectorSurroundings("", None, time.time, monotonic)


def create(url: str, timeout: float = 5, monotonic: Callable[[], float] = time.monotonic) -> HealthCollector:
    """A collector of this document."""
    return HealthCollector(HealthConfig(url=url, timeout=timeout), surroundings(monotonic))


def samples(families: Sequence[AnyFamily]) -> dict[tuple[str, ...], float]:
    """(name, label values) -> value."""
    return {
        (one.definition.name, *labels): value
        for one in families
        if isinstance(one, Family)
        for labels, value in one.samples.items()
    }


async def collect(url: str) -> dict[tuple[str, ...], float]:
    """Run the collector once."""
    collector = create(url)
    try:
        return samples(list(await collector.collect()))
    finally:
        await collector.close()


async def failed(url: str) -> CollectionError:
    """Run the collector once; it must fail."""
    collector = create(url)
    try:
        with pytest.raises(CollectionError) as caught:
            await collector.collect()
    finally:
        await collector.close()
    return caught.value


@pytest.fixture
def full_document(healthy_document: dict[str, Any]) -> dict[str, Any]:
    """The manual's document with what the service adds to it."""
    healthy_document["components"]["whatsapp_api"] |= {
        "paused": False,
        "pauses": [
            {"scope": "empresa", "id": 7, "reason": "campaign", "since": "2025-01-23T14:00:00.000Z"},
            {"scope": "plantilla", "id": 1, "reason": "quality", "since": "2025-01-23T14:00:00.000Z"},
            {"scope": "plantilla", "id": 2, "reason": "quality", "since": "2025-01-23T14:00:00.000Z"},
        ],
        "api_version": "v23.0",
        "api_version_days_left": 412,
    }
    return healthy_document


async def test_healthy_matches_golden_and_readme(
    upstream: Upstream, full_document: dict[str, Any], check_golden: CheckGolden
) -> None:
    upstream.document = full_document
    ticks = itertools.count(0.0, 0.25)
    collector = create(upstream.url, monotonic=lambda: next(ticks))
    page = PageEncoder().encode(await collector.collect(), Form.TEXT, gzip=False)
    await collector.close()
    check_golden("health", page.decode())


async def test_degraded(upstream: Upstream) -> None:
    upstream.document["status"] = "degraded"
    upstream.document["components"]["whatsapp_api"]["status"] = "unhealthy"
    found = await collect(upstream.url)
    assert found["whatsapp_health_up",] == 1
    assert found["whatsapp_health_status", "degraded"] == 1
    assert found["whatsapp_health_status", "healthy"] == 0
    assert found["whatsapp_health_component_status", "whatsapp_api", "unhealthy"] == 1
    assert found["whatsapp_health_component_status", "whatsapp_api", "healthy"] == 0


async def test_down_with_503_is_an_answer(upstream: Upstream) -> None:
    upstream.code = 503
    upstream.document = {"status": "down", "components": {"database": {"status": "disconnected"}}}
    found = await collect(upstream.url)
    assert found["whatsapp_health_up",] == 1
    assert found["whatsapp_health_status", "down"] == 1
    assert found["whatsapp_health_component_status", "database", "disconnected"] == 1


async def test_unknown_status_has_a_series_of_its_own(upstream: Upstream) -> None:
    upstream.document["status"] = "maintenance"
    upstream.document["components"]["cache"]["status"] = "evicting keys!"
    upstream.document["components"]["queue"] = {"status": "idle"}
    found = await collect(upstream.url)
    assert found["whatsapp_health_status", "maintenance"] == 1
    assert [found["whatsapp_health_status", known] for known in ("healthy", "degraded", "down")] == [0, 0, 0]
    assert found["whatsapp_health_component_status", "cache", "other"] == 1
    assert found["whatsapp_health_component_status", "cache", "connected"] == 0
    assert found["whatsapp_health_component_status", "queue", "idle"] == 1


async def test_null_and_absent_numbers_have_no_series(upstream: Upstream) -> None:
    upstream.document["components"]["whatsapp_api"]["rate_limit_remaining"] = None
    del upstream.document["components"]["cache"]["hit_rate"]
    found = await collect(upstream.url)
    assert ("whatsapp_api_rate_limit_remaining",) not in found
    assert ("whatsapp_cache_hit_ratio",) not in found
    assert found["whatsapp_cache_max_bytes",] == 256 * 1024 * 1024


async def test_wrong_type_costs_only_its_own_metric(upstream: Upstream) -> None:
    upstream.document["components"]["whatsapp_api"]["rate_limit_remaining"] = "many"
    upstream.document["components"]["database"] = "fine"
    error = await failed(upstream.url)
    found = samples(error.families)
    assert "components.whatsapp_api.rate_limit_remaining is not a number" in str(error)
    assert "components.database has no status" in str(error)
    assert "many" not in str(error)
    assert found["whatsapp_health_up",] == 1
    assert found["whatsapp_health_status", "healthy"] == 1
    assert ("whatsapp_api_rate_limit_remaining",) not in found


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (200, b"<html>OK</html>", "not JSON"),
        (200, b"\xff\xfe", "not JSON"),
        (200, b"[" * 100_000, "not JSON"),
        (200, b'{"state": "healthy"}', "no status"),
        (503, b"upstream connect error", "not JSON"),
        (500, b'{"status": "healthy"}', "HTTP 500"),
        (200, b" " * 1_000_001, "larger than"),
    ],
)
async def test_garbage_is_down(upstream: Upstream, code: int, body: bytes, reason: str) -> None:
    upstream.code, upstream.body = code, body
    error = await failed(upstream.url)
    found = samples(error.families)
    assert reason in str(error)
    assert found["whatsapp_health_up",] == 0
    assert found["whatsapp_health_status", "down"] == 1
    assert found["whatsapp_health_status", "healthy"] == 0


async def test_redirect_is_not_followed(upstream: Upstream) -> None:
    upstream.redirect = upstream.url
    error = await failed(upstream.url)
    assert "HTTP 307" in str(error)
    assert upstream.requests == 1


async def test_refused_connection_is_down() -> None:
    error = await failed("http://127.0.0.1:9/health")
    assert samples(error.families)["whatsapp_health_up",] == 0
    assert "ConnectError" in str(error)


async def test_hanging_upstream_is_given_up(upstream: Upstream) -> None:
    upstream.hold = asyncio.Event()
    collector = create(upstream.url, timeout=30)
    scraper = Scraper([CollectorSchedule(collector, timeout=0.2)])
    found = samples((await scraper.scrape(10)).families)
    await scraper.close()
    assert found["whatsapp_exporter_collector_success", "health"] == 0
    assert found["whatsapp_exporter_collector_duration_seconds", "health"] >= 0.19
    assert found["whatsapp_health_up",] == 0


def test_every_metric_is_shown(full_document: dict[str, Any]) -> None:
    document = read_document(full_document)
    others = {metrics.HEALTH_UP, metrics.HEALTH_RESPONSE, metrics.SERVICE_INFO, metrics.PAUSES}
    others |= {metrics.HEALTH_STATUS, metrics.HEALTH_COMPONENT_STATUS}
    assert set(document.values) | others == set(metrics.METRICS)
    assert document.problems == ()


def test_times_without_a_zone_are_utc(full_document: dict[str, Any]) -> None:
    full_document["components"]["scheduler"] |= {
        "last_execution": "2025-01-23T14:24:30",
        "next_execution": "2025-01-23T09:24:30.000-05:00",
    }
    values = read_document(full_document).values
    assert values[metrics.SCHEDULER_LAST_EXECUTION] == 1_737_642_270
    assert values[metrics.SCHEDULER_NEXT_EXECUTION] == 1_737_642_270


@pytest.mark.parametrize(
    ("component", "field", "value", "problem"),
    [
        ("scheduler", "last_execution", "yesterday", "components.scheduler.last_execution is not a time"),
        ("scheduler", "active_jobs", "3", "components.scheduler.active_jobs is not a number"),
        ("whatsapp_api", "paused", 1, "components.whatsapp_api.paused is neither true nor false"),
        ("whatsapp_api", "pauses", {}, "components.whatsapp_api.pauses is not a list"),
        ("whatsapp_api", "pauses", [{}], "components.whatsapp_api.pauses has one without a scope"),
        ("cache", "max_memory_mb", 1e305, "components.cache.max_memory_mb is not a number"),
        ("cache", "hit_rate", 10**400, "components.cache.hit_rate is not a number"),
        ("cache", "hit_rate", True, "components.cache.hit_rate is not a number"),
    ],
)
def test_wrong_field_takes_only_itself_away(
    full_document: dict[str, Any], component: str, field: str, value: object, problem: str
) -> None:
    whole = read_document(full_document)
    full_document["components"][component][field] = value
    document = read_document(full_document)
    assert document.problems == (problem,)
    assert len(document.values) >= len(whole.values) - 1
    assert document.components == whole.components


def test_null_and_absent_have_no_series(full_document: dict[str, Any]) -> None:
    full_document["components"]["whatsapp_api"] |= dict.fromkeys(
        ("paused", "pauses", "api_version_days_left", "last_successful_request")
    )
    del full_document["version"]
    document = read_document(full_document)
    assert document.problems == ()
    assert (document.version, document.pauses) == (None, None)
    assert metrics.SENDING_PAUSED not in document.values
    assert metrics.GRAPH_VERSION_REMAINING not in document.values


def test_unknown_scopes_of_pauses_share_a_series(full_document: dict[str, Any]) -> None:
    full_document["components"]["whatsapp_api"]["pauses"] = [{"scope": f"s{number}"} for number in range(50)]
    assert read_document(full_document).pauses == {"todo": 0, "empresa": 0, "plantilla": 0, "other": 50}


def test_version_that_is_no_plain_word(full_document: dict[str, Any]) -> None:
    full_document["version"] = "1.0.0\n# HELP"
    assert read_document(full_document).version == "other"


def test_infinite_numbers_are_refused() -> None:
    document = read_document({"status": "healthy", "uptime_seconds": float("inf")})
    assert document.problems == ("uptime_seconds is not a number",)
    assert document.values == {}


def test_too_many_components_are_cut() -> None:
    components = {f"c{number}": {"status": "ok"} for number in range(100)}
    document = read_document({"status": "healthy", "components": components})
    assert len(document.components) == 32
    assert document.problems == ("components has more than 32 members",)


def test_document_that_is_a_list_is_refused() -> None:
    with pytest.raises(InvalidDocumentError):
        read_document([])
