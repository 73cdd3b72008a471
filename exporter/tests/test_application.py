"""The pages over HTTP, with real collectors against a real API and database."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx
from libsql_client import Client
from starlette.types import ASGIApp
from whatsapp_exporter.application import TIMEOUT_HEADER, create_application
from whatsapp_exporter.collector import CollectorSurroundings
from whatsapp_exporter.config import CollectorsConfig
from whatsapp_exporter.landing_page import render_landing_page
from whatsapp_exporter.schedules import create_schedules
from whatsapp_exporter.scrape import Scraper

SURROUNDINGS = CollectorSurroundings("", None, time.time, time.monotonic)
Serve = Callable[[ASGIApp], Awaitable[str]]


class Upstream(Protocol):
    """What conftest's upstream offers."""

    hold: asyncio.Event | None
    arrived: asyncio.Event
    requests: int
    url: str


async def start(serve: Serve, health_url: str, database_url: str) -> str:
    """Run an exporter with both collectors; give its address."""
    config = CollectorsConfig.model_validate(
        {"health": {"url": health_url, "timeout": 20}, "database": {"url": database_url}}
    )
    scraper = Scraper(create_schedules(config, SURROUNDINGS))
    return await serve(create_application(scraper, version="1.2.3", scrape_timeout=30))


async def test_page_has_both_collectors(
    serve: Serve, upstream: Upstream, database: Client, database_url: str
) -> None:
    await database.execute("SELECT 1")
    address = await start(serve, upstream.url, database_url)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        text = await client.get("/metrics")
        modern = await client.get(
            "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
        )
        landing = await client.get("/")
        absent = await client.get("/nothing")
        wrong_method = await client.post("/metrics")
    assert text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for collector in ("health", "database"):
        assert f'whatsapp_exporter_collector_success{{collector="{collector}"}} 1.0' in text.text
    assert "whatsapp_health_up 1.0" in text.text
    assert 'whatsapp_database_notifications{estado="PENDIENTE"} 0.0' in text.text
    assert modern.text.endswith("# EOF\n")
    assert '<td class="ok">ok</td>' in landing.text
    assert "http://" not in landing.text
    assert "default-src 'none'" in landing.headers["content-security-policy"]
    assert (absent.status_code, wrong_method.status_code) == (404, 405)


async def test_hanging_api_does_not_take_the_database_away(
    serve: Serve, upstream: Upstream, database: Client, database_url: str
) -> None:
    await database.execute("SELECT 1")
    upstream.hold = asyncio.Event()
    address = await start(serve, upstream.url, database_url)
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=10) as client:
        started = loop.time()
        page = await client.get("/metrics", headers={TIMEOUT_HEADER: "2"})
        took = loop.time() - started
    assert took < 2
    assert 'whatsapp_exporter_collector_success{collector="health"} 0.0' in page.text
    assert "whatsapp_health_up 0.0" in page.text
    assert 'whatsapp_exporter_collector_success{collector="database"} 1.0' in page.text


async def test_simultaneous_scrapes_ask_the_api_once(
    serve: Serve, upstream: Upstream, database: Client, database_url: str
) -> None:
    await database.execute("SELECT 1")
    upstream.hold = asyncio.Event()
    address = await start(serve, upstream.url, database_url)
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=10) as client:
        scrapes = [asyncio.create_task(client.get("/metrics")) for _ in range(8)]
        await upstream.arrived.wait()
        health = await client.get("/-/healthy")
        early = await client.get("/metrics", headers={TIMEOUT_HEADER: "0.8"})
        upstream.hold.set()
        pages = [await scrape for scrape in scrapes]
    assert health.status_code == 200
    assert "whatsapp_health_up 0.0" in early.text
    assert all("whatsapp_health_up 1.0" in page.text for page in pages)
    assert upstream.requests == 1


def test_landing_page_before_the_first_scrape() -> None:
    config = CollectorsConfig.model_validate({"database": {"url": "file:/nowhere/x.db"}})
    page = render_landing_page(Scraper(create_schedules(config, SURROUNDINGS)), "<1>")
    assert "not yet" in page
    assert "WhatsApp exporter &lt;1&gt;" in page
