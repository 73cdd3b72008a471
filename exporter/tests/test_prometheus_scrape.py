"""A real Prometheus scrapes a compressed page of many blocks and stores every series of it."""

import asyncio
import json
import shutil
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_exporter.exposition.negotiation import Form, accepts_gzip, negotiate
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily, Buckets, Family, HistogramFamily, LabelValues, single
from whatsapp_exporter.metrics.definition import Source, counter, gauge, histogram

pytestmark = pytest.mark.slow

Serve = Callable[[ASGIApp], Awaitable[str]]
PROMETHEUS = shutil.which("prometheus")
SERIES, DEADLINE_SECONDS = 6_000, 30
ODD = 'Obra "Ñ"\\\n'


def _families() -> list[AnyFamily]:
    sent = counter("whatsapp_sent_total", "messages", 'Sent "\\\n', Source.DATABASE, "company")
    times = histogram("whatsapp_times_seconds", "seconds", "Times", Source.DATABASE, "company")
    companies: dict[LabelValues, float] = {(f"Obra {number}",): number * 1000.5 for number in range(SERIES)}
    return [
        single(gauge("whatsapp_start_seconds", "seconds", "Start", Source.DATABASE), 1769160000.125),
        Family(sent, {**companies, (ODD,): 1.0}),
        HistogramFamily(times, {(ODD,): Buckets((0.5, 2e6), (1, 2, 3), 4e6)}),
    ]


async def _query(client: httpx.AsyncClient, expression: str) -> float | None:
    try:
        answer = await client.get("/api/v1/query", params={"query": expression})
    except httpx.TransportError:
        return None
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # it is starting
        return None
    result = answer.json()["data"]["result"]
    return float(result[0]["value"][1]) if result else None


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
async def test_prometheus_stores_every_series(serve: Serve, tmp_path: Path) -> None:
    assert PROMETHEUS is not None
    asked: list[tuple[Form, bool]] = []
    encoder = PageEncoder()

    async def answer(request: Request) -> Response:
        form, compressed = (
            negotiate(request.headers["accept"]),
            accepts_gzip(request.headers["accept-encoding"]),
        )
        asked.append((form, compressed))
        page = encoder.encode(_families(), form, gzip=compressed)
        return Response(page, headers={"Content-Type": form.value, "Content-Encoding": "gzip"})

    target = await serve(Starlette(routes=[Route("/metrics", answer)]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = tmp_path / "prometheus.yml"
    scrape = {"job_name": "exporter", "static_configs": [{"targets": [target.removeprefix("http://")]}]}
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}))
    process = await asyncio.create_subprocess_exec(
        PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}", "--log.level=error",
        f"--web.listen-address={address}",
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while (scraped := await _query(client, "scrape_samples_scraped")) is None:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
            odd = ODD.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
            found = {
                expression: await _query(client, expression)
                for expression in (
                    "up",
                    "count(whatsapp_sent_total)",
                    f'whatsapp_sent_total{{company="Obra {SERIES - 1}"}}',
                    f'whatsapp_sent_total{{company="{odd}"}}',
                    'whatsapp_times_seconds_bucket{le="2e+06"}',
                    "whatsapp_times_seconds_count",
                    "whatsapp_start_seconds",
                )
            }
    finally:
        process.terminate()
        await process.wait()
    assert asked[0] == (Form.OPENMETRICS, True)
    assert scraped == SERIES + 1 + 1 + 5
    assert list(found.values()) == [1, SERIES + 1, (SERIES - 1) * 1000.5, 1, 2, 3, 1769160000.125]
