"""The pages over HTTP, with real collectors against a real API and database."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx
import pytest
from libsql_client import Client
from starlette.types import ASGIApp
from whatsapp_exporter.application import TIMEOUT_HEADER, create_application
from whatsapp_exporter.config import Config
from whatsapp_exporter.exporter import Exporter
from whatsapp_exporter.landing_page import TEXTS, render_landing_page
from whatsapp_exporter.reloading import Reloader
from whatsapp_exporter.schedules import create_schedules
from whatsapp_exporter.targets import Targets
from whatsapp_exporter.yaml_file import ConfigError

Serve = Callable[[ASGIApp], Awaitable[str]]


class Upstream(Protocol):
    """What conftest's upstream offers."""

    hold: asyncio.Event | None
    arrived: asyncio.Event
    requests: int
    url: str


def configuration(health_url: str, database_url: str, **changes: object) -> Config:
    """Both collectors for `/metrics`, the health collector for the target `norte`."""
    health = {"url": health_url, "timeout": 20}
    content: dict[str, object] = {
        "collectors": {"health": health, "database": {"url": database_url}},
        "targets": {"norte": {"health": health}},
    }
    return Config.model_validate(content | changes)


def create(config: Config, read: Callable[[], Config] | None = None) -> Exporter:
    """An exporter of this configuration; a reload reads what `read` gives."""
    targets = Targets(config, create_schedules)
    reloader = Reloader(config, read=read or (lambda: config), apply=targets.reconfigure)
    return Exporter(targets, reloader, version="1.2.3")


async def start(serve: Serve, health_url: str, database_url: str, **changes: object) -> str:
    """Run an exporter; give its address."""
    return await serve(create_application(create(configuration(health_url, database_url, **changes))))


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
    assert landing.text.count('<td class="ok">correcta</td>') == 2
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


async def test_own_metrics_are_on_metrics_only(
    serve: Serve, upstream: Upstream, database: Client, database_url: str
) -> None:
    await database.execute("SELECT 1")
    address = await start(serve, upstream.url, database_url)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        own = (await client.get("/metrics")).text
        probed = (await client.get("/probe", params={"target": "norte"})).text
    assert 'whatsapp_exporter_build_info{version="1.2.3"} 1.0' in own
    assert "whatsapp_exporter_config_last_reload_successful 1.0" in own
    assert "whatsapp_exporter_scrapes_in_flight 1.0" in own
    assert "process_resident_memory_bytes" in own
    assert 'whatsapp_exporter_collector_success{collector="health"} 1.0' in probed
    assert "whatsapp_health_up 1.0" in probed
    assert "build_info" not in probed
    assert "process_" not in probed
    assert 'collector="database"' not in probed


async def test_only_configured_targets_can_be_probed(
    serve: Serve, upstream: Upstream, database_url: str
) -> None:
    address = await start(serve, upstream.url, database_url)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        missing = await client.get("/probe")
        unknown = await client.get("/probe", params={"target": upstream.url})
    assert (missing.status_code, unknown.status_code) == (400, 404)
    assert upstream.url not in unknown.text
    assert upstream.requests == 0


async def test_debug_shows_runs_configuration_and_page(
    serve: Serve, upstream: Upstream, database_url: str
) -> None:
    address = await start(serve, upstream.url, database_url)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        report = await client.get("/probe", params={"target": "norte", "debug": "true"})
    assert report.headers["content-type"].startswith("text/plain; charset")
    assert "health: ok; took 0." in report.text
    assert f"url: {upstream.url}" in report.text
    assert "whatsapp_health_up 1.0" in report.text


async def test_page_is_compressed_when_asked_for(serve: Serve, upstream: Upstream, database_url: str) -> None:
    address = await start(serve, upstream.url, database_url)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        async with client.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as response:
            raw = b"".join([chunk async for chunk in response.aiter_raw()])
        plain = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
    assert response.headers["content-encoding"] == "gzip"
    assert b"whatsapp_health_up 1.0" in gzip.decompress(raw)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept, Accept-Encoding"


async def test_more_scrapes_than_allowed_are_turned_away(
    serve: Serve, upstream: Upstream, database_url: str
) -> None:
    upstream.hold = asyncio.Event()
    address = await start(serve, upstream.url, database_url, max_concurrent_scrapes=2)
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=10) as client:
        running = [asyncio.create_task(client.get(path)) for path in ("/metrics", "/probe?target=norte")]
        while upstream.requests < 2:
            upstream.arrived.clear()
            await upstream.arrived.wait()
        turned_away = [await client.get(path) for path in ("/metrics", "/probe?target=norte")]
        landing = await client.get("/")
        upstream.hold.set()
        pages = [await one for one in running]
        later = await client.get("/metrics")
    assert [one.status_code for one in turned_away] == [503, 503]
    assert landing.status_code == 200
    assert [one.status_code for one in pages] == [200, 200]
    assert "whatsapp_exporter_scrapes_rejected_total 2.0" in later.text


async def test_series_over_the_cap_are_left_out_and_counted(
    serve: Serve, upstream: Upstream, database: Client, database_url: str
) -> None:
    await database.batch(
        [
            (
                "INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre) VALUES (?, ?)",
                (number, f"Obra {number}"),
            )
            for number in range(1, 16)
        ]
    )
    address = await start(serve, upstream.url, database_url, max_series_per_family=10)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        first = (await client.get("/metrics")).text
        second = (await client.get("/metrics")).text
    shown = [line for line in first.splitlines() if line.startswith("whatsapp_database_accepted_total{")]
    dropped = 'whatsapp_exporter_dropped_series_total{metric="whatsapp_database_accepted_total"} '
    assert len(shown) == 10
    assert f"{dropped}5.0" in first
    assert f"{dropped}10.0" in second


async def test_reload_takes_up_the_new_file_or_keeps_the_old(
    serve: Serve, upstream: Upstream, database_url: str
) -> None:
    before = configuration(upstream.url, database_url)
    after = configuration(upstream.url, database_url, targets={"sur": {"health": {"url": upstream.url}}})
    answers: list[Config | ConfigError] = [ConfigError("file.yml: collectors: Field required"), after]

    def read() -> Config:
        answer = answers.pop(0)
        if isinstance(answer, ConfigError):
            raise answer
        return answer

    address = await serve(create_application(create(before, read)))
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        wrong_method = await client.get("/-/reload")
        bad = await client.post("/-/reload")
        kept = await client.get("/probe", params={"target": "norte"})
        page = (await client.get("/metrics")).text
        landing = (await client.get("/")).text
        good = await client.post("/-/reload")
        gone = await client.get("/probe", params={"target": "norte"})
        new = await client.get("/probe", params={"target": "sur"})
        page_after = (await client.get("/metrics")).text
    assert wrong_method.status_code == 405
    assert bad.status_code == 500
    assert "collectors: Field required" in bad.text
    assert kept.status_code == 200
    assert "whatsapp_exporter_config_last_reload_successful 0.0" in page
    assert "collectors: Field required" in landing
    assert (good.status_code, gone.status_code, new.status_code) == (200, 404, 200)
    assert "whatsapp_exporter_config_last_reload_successful 1.0" in page_after


async def test_ready_until_the_end_begins(serve: Serve, upstream: Upstream, database_url: str) -> None:
    exporter = create(configuration(upstream.url, database_url))
    ready_before = exporter.ready
    address = await serve(create_application(exporter))
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        ready = await client.get("/-/ready")
        await exporter.close()
        ending = await client.get("/-/ready")
    assert ready_before is False
    assert (ready.status_code, ending.status_code) == (200, 503)


@pytest.mark.parametrize("language", ["es", "en"])
async def test_landing_page_before_the_first_scrape(language: str) -> None:
    config = Config.model_validate(
        {
            "collectors": {"database": {"url": "file:/nowhere/x.db"}},
            "targets": {"norte": {"health": {"url": "http://127.0.0.1:9/?a=<b>"}}},
            "language": language,
        }
    )
    exporter = create(config)
    page = render_landing_page(exporter)
    await exporter.close()
    assert f'<html lang="{language}">' in page
    assert page.count(f"<td>{TEXTS[language]['never']}</td>") == 2
    assert "WhatsApp exporter 1.2.3" in page
    assert 'href="probe?target=norte&amp;debug=true"' in page
    assert "<b>" not in page


def test_landing_page_has_the_same_texts_in_both_languages() -> None:
    assert TEXTS["es"].keys() == TEXTS["en"].keys()
