"""The api collector against a real server."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.api import ApiCollector
from whatsapp_exporter.collectors.api.config import ApiConfig
from whatsapp_exporter.collectors.api.endpoints import ENDPOINTS
from whatsapp_exporter.collectors.api.metrics import METRICS
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily

Serve = Callable[[ASGIApp], Awaitable[str]]
CheckGolden = Callable[[str, str], None]
Found = dict[tuple[str, ...], float]
Flatten = Callable[[Iterable[AnyFamily]], Found]
KEY = "a-key-that-nobody-else-has"
PATHS = {endpoint.name: endpoint.path for endpoint in ENDPOINTS}


class Api:
    """The three endpoints; each answers its document, or what `instead` says."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {
            "metrics": {
                "fecha": "2025-01-23",
                "total_notificaciones": 1250,
                "enviadas": 1200,
                "entregadas": 1140,
                "leidas": 800,
                "errores": 24,
                "pendientes": 15,
                "programadas": 10,
                "tasa_exito_porcentaje": 98.0,
                "tasa_error_porcentaje": 2.0,
                "tasa_entrega_porcentaje": 95.0,
            },
            "system": {
                "total_notifications_today": 1250,
                "error_rate_percentage": 2.0,
                "success_rate_percentage": 98.0,
                "avg_response_time_ms": 45.5,
                "pending_notifications": 15,
                "scheduled_notifications": 10,
                "uptime_seconds": 86400,
            },
            "scheduler": {
                "data": {
                    "scheduler_running": True,
                    "active_jobs": 3,
                    "last_execution": "2025-01-23T14:24:30.000Z",
                    "next_execution": "2025-01-23T14:25:30.000Z",
                    "heartbeat": "2025-01-23T14:24:58.500Z",
                }
            },
        }
        self.key = KEY
        self.instead: dict[str, Response] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.connections: set[tuple[str, int]] = set()
        self.meeting: asyncio.Barrier | None = None
        self.app = Starlette(routes=[Route(path, self.answer) for path in PATHS.values()])

    async def answer(self, request: Request) -> Response:
        """Answer as told."""
        name = next(name for name, path in PATHS.items() if path == request.url.path)
        assert request.client is not None
        self.connections.add((request.client.host, request.client.port))
        if self.meeting is not None:
            await self.meeting.wait()
        if name in self.held:
            await self.held[name].wait()
        if request.headers.get("X-API-Key") != self.key:
            return JSONResponse({"error": {"code": "unauthorized", "message": "no"}}, 401)
        return self.instead.get(name) or JSONResponse(self.documents[name])


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """The endpoints; what is held back is let go at the end."""
    offered = Api()
    yield offered
    for event in offered.held.values():
        event.set()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The file with the key."""
    path = tmp_path / "api_key"
    path.write_text(KEY + "\n", encoding="utf-8")
    return path


@pytest.fixture
def write_key(key_file: Path) -> Callable[[str], None]:
    """Replace the key in the file."""

    def write(text: str) -> None:
        key_file.write_text(text, encoding="utf-8")

    return write


@pytest.fixture
async def collector(
    api: Api, serve: Serve, key_file: Path, surroundings: CollectorSurroundings
) -> AsyncIterator[ApiCollector]:
    """The collector of these endpoints, with half a second for each answer."""
    url = await serve(api.app)
    built = ApiCollector(ApiConfig(url=url + "/", api_key_file=key_file, timeout=0.5 / 0.9), surroundings)
    yield built
    await built.close()


async def failed(collector: ApiCollector) -> CollectionError:
    """Run the collector once; it must fail."""
    with pytest.raises(CollectionError) as caught:
        await collector.collect()
    assert KEY not in str(caught.value)
    return caught.value


async def test_matches_golden_and_readme(
    api: Api, serve: Serve, key_file: Path, check_golden: CheckGolden
) -> None:
    ticks = itertools.chain([0.0], itertools.repeat(0.25))
    surroundings = CollectorSurroundings("", None, time.time, lambda: next(ticks))
    collector = ApiCollector(ApiConfig(url=await serve(api.app), api_key_file=key_file), surroundings)
    families = await collector.collect()
    await collector.close()
    assert [one.definition for one in families] == list(METRICS)
    check_golden("api", PageEncoder().encode(families, Form.TEXT, gzip=False).decode())


async def test_null_and_stopped(api: Api, collector: ApiCollector, samples: Flatten) -> None:
    api.documents["metrics"]["tasa_entrega_porcentaje"] = None
    nothing = dict.fromkeys(("last_execution", "next_execution", "heartbeat"))
    api.documents["scheduler"]["data"] = {"scheduler_running": False, "active_jobs": 0, **nothing}
    found = samples(await collector.collect())
    assert found["whatsapp_api_scheduler_running",] == 0
    assert ("whatsapp_api_today_delivery_ratio",) not in found
    assert not [labels for labels in found if labels[0].endswith("_timestamp_seconds")]


async def test_endpoints_are_asked_at_the_same_time_over_kept_connections(
    api: Api, collector: ApiCollector
) -> None:
    api.meeting = asyncio.Barrier(3)  # nobody is answered before all three have asked
    await collector.collect()
    await collector.collect()
    assert len(api.connections) == 3


@pytest.mark.parametrize("name", list(PATHS))
@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response(b"", 401), "the key was refused (HTTP 401)"),
        (Response(b"", 403), "the key lacks the scope monitor (HTTP 403)"),
        (Response(b"{}", 500), "HTTP 500"),
        (RedirectResponse("http://127.0.0.1:9/"), "HTTP 307"),
        (Response(b"<html>"), "the answer is not JSON"),
        (Response(b"[" * 100_000), "the answer is not JSON"),
        (Response(b"[]"), "the answer is not an object"),
        (Response(b" " * 10_000_000), "the answer is larger than 1000000 bytes"),
        (Response(b"", headers={"Content-Encoding": "gzip"}), "the answer is compressed"),
    ],
    ids=["401", "403", "500", "redirect", "html", "deep", "list", "large", "gzip"],
)
async def test_failing_endpoint_takes_only_its_own_metrics_away(
    api: Api, collector: ApiCollector, samples: Flatten, name: str, response: Response, reason: str
) -> None:
    whole = samples(await collector.collect())
    api.instead[name] = response
    error = await failed(collector)
    assert str(error).startswith(f"{name}: {reason}")
    assert ";" not in str(error)
    found = samples(error.families)
    own = {(reading.definition.name,) for one in ENDPOINTS if one.name == name for reading in one.readings}
    assert {labels for labels in whole if labels not in found} - own <= {
        ("whatsapp_api_endpoint_response_seconds", name)
    }
    assert not own & set(found)
    assert {other: found["whatsapp_api_endpoint_up", other] for other in PATHS} == {
        other: float(other != name) for other in PATHS
    }


async def test_hanging_endpoint_is_given_up_before_the_collector(
    api: Api, collector: ApiCollector, samples: Flatten
) -> None:
    api.held["system"] = asyncio.Event()
    error = await failed(collector)
    assert str(error) == "system: no answer in time"
    found = samples(error.families)
    assert found["whatsapp_api_today_accepted_notifications",] == 1250
    assert ("whatsapp_api_endpoint_response_seconds", "system") not in found


async def test_wrong_and_missing_fields_are_named(
    api: Api, collector: ApiCollector, samples: Flatten
) -> None:
    api.documents["metrics"] |= {"enviadas": "many", "errores": None}
    del api.documents["metrics"]["pendientes"]
    api.documents["scheduler"]["data"] = [KEY]
    error = await failed(collector)
    assert str(error) == (
        "metrics: enviadas is not a number, errores is missing, pendientes is missing;"
        " scheduler: data is not an object"
    )
    found = samples(error.families)
    assert found["whatsapp_api_endpoint_up", "metrics"] == 1
    assert found["whatsapp_api_today_read_notifications",] == 800
    assert ("whatsapp_api_today_sent_notifications",) not in found


async def test_new_key_is_taken_up_at_the_next_run(
    api: Api, collector: ApiCollector, write_key: Callable[[str], None], samples: Flatten
) -> None:
    api.key = "another"
    error = await failed(collector)
    assert str(error).count("the key was refused (HTTP 401)") == 3
    write_key("another")
    found = samples(await collector.collect())
    assert found["whatsapp_api_endpoint_up", "metrics"] == 1


async def test_no_key_and_no_server(
    collector: ApiCollector,
    key_file: Path,
    write_key: Callable[[str], None],
    surroundings: CollectorSurroundings,
    samples: Flatten,
) -> None:
    nowhere = ApiCollector(ApiConfig(url="http://127.0.0.1:9", api_key_file=key_file), surroundings)
    refused = await failed(nowhere)
    await nowhere.close()
    assert str(refused).count("no answer: ConnectError") == 3
    write_key("")
    error = await failed(collector)
    assert str(error) == "api_key does not hold one line"
    assert samples(error.families) == samples(refused.families) == samples(collector.without_answer())
    assert set(samples(error.families).values()) == {0.0}
