"""The figures, as JSON and for Prometheus."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from libsql_client import Client
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp
from whatsapp_service.api.application import create_app
from whatsapp_service.figures import Figures, read_figures
from whatsapp_service.settings import Settings
from whatsapp_service.webhooks.account import ACCOUNT_FIELDS

PATH = "/api/notifications"
ROOT = Path(__file__).parents[2]
Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]


async def _insert(database: Client, settings: Settings, *states: str) -> None:
    today = datetime.now(UTC).astimezone(settings.timezone).date().isoformat()
    for estado in states:
        await database.execute(
            """INSERT INTO whatsapp_notificaciones
                (empresa_id, contacto_id, plantilla_id, evento, estado, fecha_metrica)
            VALUES (7, 1, 1, 'x', ?, ?)""",
            (estado, today),
        )


def _samples(text: str) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


async def test_manuals_metrics_come_from_the_kept_aggregates(
    api: httpx.AsyncClient, database: Client, settings: Settings
) -> None:
    await _insert(database, settings, "PENDIENTE", "ENVIADA", "ENTREGADA", "LEIDA", "ERROR")
    await database.execute(
        """INSERT INTO whatsapp_notificaciones
            (empresa_id, contacto_id, plantilla_id, evento, programada_para)
        VALUES (7, 1, 1, 'x', '2100-01-01T00:00:00.000Z')"""
    )
    samples = _samples((await api.get("/metrics")).text)
    assert samples["whatsapp_notifications_sent_total"] == 3
    assert samples["whatsapp_error_rate"] == 25
    assert samples["whatsapp_error_rate_percentage"] == 25
    assert samples["whatsapp_success_rate_percentage"] == 75
    assert samples["whatsapp_pending_notifications"] == 1
    assert samples["whatsapp_notifications_total"] >= 5
    assert "whatsapp_response_time_ms" in samples


async def test_json_figures_have_the_manuals_keys(
    api: httpx.AsyncClient, database: Client, settings: Settings
) -> None:
    await _insert(database, settings, "ENTREGADA", "ERROR")
    figures = (await api.get(f"{PATH}/metrics")).json()
    assert (figures["total_notificaciones"], figures["tasa_exito_porcentaje"]) == (2, 50.0)
    assert figures["tasa_error_porcentaje"] == 50.0
    system = (await api.get(f"{PATH}/metrics/system")).json()
    assert (system["total_notifications_today"], system["error_rate_percentage"]) == (2, 50.0)
    assert system["avg_response_time_ms"] > 0
    status = (await api.get(f"{PATH}/scheduler/status")).json()
    assert status["data"]["scheduler_running"] is False
    assert status["data"]["last_execution"] is None


async def test_every_metric_is_in_the_reference(api: httpx.AsyncClient) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    section = text[text.index("\n## API\n") : text.index("\n## Scheduler\n")]
    documented = set(re.findall(r"^\| `(whatsapp_\w+)` \| (\w+)", section, re.MULTILINE))
    families = text_string_to_metric_families((await api.get("/metrics")).text)
    exposed = {
        (f"{family.name}_total" if family.type == "counter" else family.name, family.type)
        for family in families
        if not family.name.endswith("_created")  # beside each counter, with one worker only
    }
    assert exposed == documented


async def test_webhook_counters_are_at_zero_before_the_first_event(api: httpx.AsyncClient) -> None:
    text = (await api.get("/metrics")).text
    shown = {
        name: {
            sample.labels[label]: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }
        for name, label in (
            ("whatsapp_webhook_requests_total", "result"),
            ("whatsapp_webhook_statuses_total", "result"),
            ("whatsapp_account_events_total", "field"),
        )
    }
    results = ("accepted", "bad_signature", "too_large", "error", "verified", "refused")
    statuses = ("changed", "repeated", "unknown", "unreadable", "postponed")
    assert shown == {
        "whatsapp_webhook_requests_total": dict.fromkeys(results, 0),
        "whatsapp_webhook_statuses_total": dict.fromkeys(statuses, 0),
        "whatsapp_account_events_total": dict.fromkeys((*ACCOUNT_FIELDS, "other"), 0),
    }


async def test_time_left_of_the_graph_api_version(settings: Settings, database: Client, serve: Serve) -> None:
    moment = datetime(2027, 10, 1, tzinfo=UTC)
    for version, line in (
        ("v23.0", "whatsapp_graph_api_version_remaining_seconds 604800.0"),
        ("v99.0", None),
    ):
        chosen = settings.model_copy(update={"whatsapp_api_version": version})
        async with (
            serve(create_app(chosen, database=database, clock=lambda: moment)) as url,
            httpx.AsyncClient(base_url=url) as client,
        ):
            text = (await client.get("/metrics")).text
        assert (line in text) if line else ("version_remaining" not in text)


async def test_requests_are_counted_by_route_never_by_path(api: httpx.AsyncClient) -> None:
    for path in (f"{PATH}/1", f"{PATH}/2", "/some/scanner.php"):
        await api.get(path)
    text = (await api.get("/metrics")).text
    assert (
        'whatsapp_http_requests_total{method="GET",route="/api/notifications/{id}",status="404"} 2.0' in text
    )
    assert 'whatsapp_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert "scanner" not in text
    assert 'whatsapp_http_request_duration_seconds_count{method="GET",route="unmatched"} 1.0' in text


async def test_the_day_is_the_operators(database: Client, settings: Settings) -> None:
    moment = datetime(2026, 1, 3, 3, 0, tzinfo=UTC)
    figures = await read_figures(database, now=moment, operators_zone=settings.timezone)
    assert figures.day == "2026-01-02"


def test_ratios_without_traffic_and_with_late_failures() -> None:
    nothing = Figures("2026-01-02", 0, 0, 0, 0, 0, 0, 0, 0)
    assert (nothing.error_ratio, nothing.delivery_ratio) == (0.0, None)
    all_failed_late = Figures("2026-01-02", 10, 10, 0, 0, 10, 0, 0, 10)
    assert all_failed_late.error_ratio == 1.0
