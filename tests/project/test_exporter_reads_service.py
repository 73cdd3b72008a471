"""What the exporter's collectors read is what the service answers: neither can drift from the other."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args, get_type_hints

import httpx
import pytest
import uvicorn
from libsql_client import Client
from pydantic import BaseModel, SecretStr
from whatsapp_database import migrate, open_database
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.api import ApiCollector
from whatsapp_exporter.collectors.api import metrics as api_metrics
from whatsapp_exporter.collectors.api.config import ApiConfig
from whatsapp_exporter.collectors.api.endpoints import ENDPOINTS
from whatsapp_exporter.collectors.health import HealthCollector
from whatsapp_exporter.collectors.health import metrics as health_metrics
from whatsapp_exporter.collectors.health.config import HealthConfig
from whatsapp_exporter.collectors.health.document import COMPONENT_STATUSES, PAUSE_SCOPES, STATUSES
from whatsapp_exporter.collectors.health.readings import READINGS
from whatsapp_exporter.metrics.definition import MetricDefinition
from whatsapp_exporter.readings import FieldKind, Reading
from whatsapp_service.api import health, monitoring
from whatsapp_service.api.application import create_app
from whatsapp_service.cache import Cache, CacheStatus, NoCache
from whatsapp_service.pauses import Origin, Pause, Scope, pause
from whatsapp_service.scheduler.state import InstanceReport, beat, record_execution
from whatsapp_service.settings import ApiKey, Settings

KEY = "monitoring"
NOW = datetime(2026, 1, 15, 15, tzinfo=UTC)
MODELS: dict[str, type[BaseModel]] = {
    "metrics": monitoring.DayMetrics,
    "system": monitoring.SystemMetrics,
    "scheduler": monitoring.SchedulerStatus,
}
Values = dict[MetricDefinition, dict[tuple[str, ...], float]]


class FullCache(NoCache):
    """A cache that has every figure."""

    async def status(self) -> CacheStatus:
        """Return them."""
        return CacheStatus(enabled=True, hit_rate=0.87, used_memory_mb=64.0, max_memory_mb=256.0)


@dataclass(frozen=True, slots=True)
class Service:
    """A served API, its database and a file with a key."""

    url: str
    database: Client
    key_file: Path


@contextlib.asynccontextmanager
async def _served(tmp_path: Path, cache: Cache) -> AsyncIterator[Service]:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    settings = Settings(
        workers=1,
        turso_database_url=f"file:{tmp_path / 'notifications.db'}",
        redis_url="redis://127.0.0.1:1/0",
        whatsapp_phone_number_id="1055500",
        whatsapp_access_token=SecretStr("access"),
        whatsapp_app_secret=SecretStr("app-secret"),
        whatsapp_verify_token=SecretStr("verify"),
        api_keys=(ApiKey(name="monitoring", scopes=frozenset({"monitor"}), sha256=digest),),
        scheduler_metrics_port=0,
    )
    key_file = tmp_path / "api_key"
    await asyncio.to_thread(key_file.write_text, KEY)
    async with open_database(settings.turso_database_url) as database:
        await migrate(database)
        app = create_app(settings, database=database, cache=cache, clock=lambda: NOW)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="auto"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                yield Service(f"http://127.0.0.1:{listener.getsockname()[1]}", database, key_file)
            finally:
                server.should_exit = True
                await serving


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Service]:
    """A service in which everything that the documents tell of is there."""
    async with _served(tmp_path, FullCache()) as service:
        report = InstanceReport(
            active_jobs=3,
            sends_last_minute=153,
            oldest_send_seconds=45,
            graph_status="healthy",
            last_successful_request=NOW,
            last_error_code=None,
            last_error_class=None,
        )
        await beat(service.database, "host:1:a", NOW, report)
        await record_execution(service.database, "host:1:a", NOW, NOW + timedelta(seconds=30))
        for scope, number in ((Scope.COMPANY, 7), (Scope.TEMPLATE, 1), (Scope.TEMPLATE, 2)):
            await pause(
                service.database,
                Pause(scope, number, Origin.OPERATOR, "campaign", None, None, "ana", NOW, None),
            )
        await service.database.batch(
            [
                """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
                VALUES (1, 7, 'Ana', '+51987654321')""",
                """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
                VALUES (1, 'e', 'e', 'Hola')""",
                """INSERT INTO whatsapp_notificaciones
                    (empresa_id, contacto_id, plantilla_id, evento, estado, programada_para, fecha_metrica)
                VALUES (7, 1, 1, 'e', 'ENTREGADA', '2026-01-15T10:00:00.000Z', '2026-01-15'),
                    (7, 1, 1, 'e', 'PENDIENTE', '2026-01-15T10:00:00.000Z', '2026-01-15'),
                    (7, 1, 1, 'e', 'PENDIENTE', '2026-01-16T10:00:00.000Z', '2026-01-15')""",
            ]
        )
        yield service


async def _collected(collector: HealthCollector | ApiCollector) -> Values:
    try:
        return {one.definition: dict(one.samples) for one in await collector.collect()}
    finally:
        await collector.close()


def _surroundings() -> CollectorSurroundings:
    return CollectorSurroundings("", None, time.time, time.monotonic)


def _health(service: Service) -> HealthCollector:
    return HealthCollector(HealthConfig(url=f"{service.url}/health?detailed=true"), _surroundings())


def _api(service: Service) -> ApiCollector:
    return ApiCollector(ApiConfig(url=service.url, api_key_file=service.key_file), _surroundings())


async def test_every_metric_of_the_health_collector_comes_from_the_service(full: Service) -> None:
    found = await _collected(_health(full))  # a field of another type would be a CollectionError
    assert set(found) == set(health_metrics.METRICS)
    assert found[health_metrics.PAUSES] == {("todo",): 0, ("empresa",): 1, ("plantilla",): 2}
    assert found[health_metrics.SCHEDULER_ACTIVE_JOBS] == {(): 3}
    assert found[health_metrics.GRAPH_LAST_SUCCESS] == {(): NOW.timestamp()}
    assert found[health_metrics.SCHEDULER_NEXT_EXECUTION] == {(): NOW.timestamp() + 30}


async def test_every_metric_of_the_api_collector_comes_from_the_service(full: Service) -> None:
    found = await _collected(_api(full))
    assert set(found) == set(api_metrics.METRICS)
    assert found[api_metrics.TODAY_ACCEPTED] == {(): 3}
    assert found[api_metrics.TODAY_SENT] == {(): 1}
    assert (found[api_metrics.DUE], found[api_metrics.SCHEDULED]) == ({(): 1}, {(): 1})
    assert found[api_metrics.TODAY_SUCCESS_RATIO] == {(): 1}
    assert found[api_metrics.SCHEDULER_RUNNING] == {(): 1}
    assert found[api_metrics.SCHEDULER_HEARTBEAT] == {(): NOW.timestamp()}


async def test_a_service_where_nothing_has_happened_is_read_without_a_problem(tmp_path: Path) -> None:
    async with _served(tmp_path, NoCache()) as service:
        health_found, api_found = await _collected(_health(service)), await _collected(_api(service))
    assert health_found[health_metrics.HEALTH_UP] == {(): 1}
    assert health_metrics.SCHEDULER_LAST_EXECUTION not in health_found
    assert api_found[api_metrics.SCHEDULER_RUNNING] == {(): 0}
    assert api_metrics.TODAY_DELIVERY_RATIO not in api_found
    assert all(math.isfinite(value) for samples in api_found.values() for value in samples.values())


async def test_a_key_that_the_service_does_not_know_is_told(full: Service) -> None:
    await asyncio.to_thread(full.key_file.write_text, "unknown")
    with pytest.raises(CollectionError, match=r"metrics: the key was refused \(HTTP 401\)"):
        await _collected(_api(full))
    async with httpx.AsyncClient(base_url=full.url) as client:
        answers = [await client.get(endpoint.path) for endpoint in ENDPOINTS]
    assert [answer.status_code for answer in answers] == [401, 401, 401]


def _field(model: type[BaseModel], reading: Reading) -> object:
    """The annotation that the service gives the field; KeyError when it has none of the name."""
    kind: object = model
    for name in reading.path:
        assert isinstance(kind, type)
        kind = get_type_hints(kind)[name]
        kind = next(
            (one for one in get_args(kind) if isinstance(one, type) and issubclass(one, BaseModel)), kind
        )
    return kind


@pytest.mark.parametrize(
    ("model", "reading"),
    [
        *((health.Health, reading) for reading in READINGS),
        *((MODELS[endpoint.name], reading) for endpoint in ENDPOINTS for reading in endpoint.readings),
    ],
    ids=lambda value: ".".join(value.path) if isinstance(value, Reading) else value.__name__,
)
def test_every_field_is_in_the_services_model_with_its_type(model: type[BaseModel], reading: Reading) -> None:
    kind = _field(model, reading)
    kinds = set(get_args(kind)) or {kind}
    allowed: dict[FieldKind, set[type]] = {
        FieldKind.NUMBER: {int, float},
        FieldKind.BOOLEAN: {bool},
        FieldKind.TIMESTAMP: {str},
    }
    assert kinds - {type(None)} <= allowed[reading.kind]
    if reading.required:
        assert type(None) not in kinds, "a required field may be null"


def test_the_states_are_the_services() -> None:
    assert set(STATUSES) == set(get_args(get_type_hints(health.Health)["status"]))
    models = get_type_hints(health.Components)
    assert set(COMPONENT_STATUSES) == set(models)
    for component, model in models.items():
        assert set(COMPONENT_STATUSES[component]) == set(get_args(get_type_hints(model)["status"])), component
    assert set(PAUSE_SCOPES) == {scope.value for scope in Scope}
    assert get_type_hints(health.HealthPause)["scope"] is Scope
