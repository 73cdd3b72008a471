"""GET /health in the manual's shape; no component can hang it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from importlib.metadata import version
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from whatsapp_database import DatabaseError, FileClient, HranaClient, schema_version, timestamps

from whatsapp_service.api.context import ApiContext, context_of
from whatsapp_service.cache import CacheUnavailableError
from whatsapp_service.graph.errors import ErrorClass
from whatsapp_service.pauses import Origin, Pause, Scope, active_pauses
from whatsapp_service.scheduler.graph_status import GraphStatus, read_status
from whatsapp_service.scheduler.state import read_state

_CHECK_SECONDS: Final = 2.0
_VERSION: Final = version("whatsapp-service")

GraphWord = Literal["healthy", "unhealthy", "unknown"]
_GRAPH_STATUS: Final[dict[str, GraphWord]] = {
    "healthy": "healthy",
    "unhealthy": "unhealthy",
    "unknown": "unknown",
}

Part = TypeVar("Part")


class DatabaseComponent(BaseModel):
    """The database; without an answer only its status."""

    status: Literal["connected", "disconnected"]
    response_time_ms: float | None = None
    active_connections: int | None = None
    connection_pool_size: int | None = None


class HealthPause(BaseModel):
    """Something that is not sent now. Whoever paused it is told to those with a key only."""

    scope: Scope
    id: int = Field(description="The company or template; 0 with `todo`.")
    reason: str
    error_class: str | None = Field(description="null: an operator paused it.")
    since: str
    until: str | None


class WhatsAppComponent(BaseModel):
    """The Graph API as the schedulers last found it, and what keeps them from sending."""

    status: GraphWord
    rate_limit_remaining: int | None = Field(default=None, description="Of WHATSAPP_RATE_LIMIT_PER_MINUTE.")
    rate_limit_reset_seconds: int | None = None
    last_successful_request: str | None = None
    paused: bool | None = Field(default=None, description="Nothing at all is sent.")
    pauses: list[HealthPause] | None = Field(default=None, description="Everything that is not sent now.")
    api_version: str
    api_version_days_left: int | None = Field(description="null: Meta has not told the end.")


class SchedulerComponent(BaseModel):
    """All schedulers together."""

    status: Literal["running", "stopped"]
    active_jobs: int | None = None
    last_execution: str | None = None
    next_execution: str | None = None


class CacheComponent(BaseModel):
    """The cache; `disabled` is one that is not configured, which is healthy."""

    status: Literal["connected", "disabled", "disconnected"]
    hit_rate: float | None = None
    used_memory_mb: float | None = None
    max_memory_mb: float | None = None


class Components(BaseModel):
    """What the service needs."""

    database: DatabaseComponent
    whatsapp_api: WhatsAppComponent
    scheduler: SchedulerComponent
    cache: CacheComponent


class HealthMetrics(BaseModel):
    """Added by `?detailed=true`."""

    schema_version: int
    total_notifications_today: int
    error_rate_percentage: float
    pending_notifications: int = Field(description="Due now.")
    scheduled_notifications: int
    avg_response_time_ms: float


class Health(BaseModel):
    """degraded: something is missing or sending is stopped; down: no database."""

    status: Literal["healthy", "degraded", "down"]
    version: str
    uptime_seconds: int
    components: Components
    metrics: HealthMetrics | None = None


async def health(request: Request) -> Response:
    """200 while healthy or degraded, 503 when down (no database); `?detailed=true` adds the figures."""
    context = context_of(request)
    detailed = request.query_params.get("detailed") == "true"
    lost = (DatabaseComponent(status="disconnected"), SchedulerComponent(status="stopped"))
    (database, scheduler), graph, pauses, cache, details = await asyncio.gather(
        _checked(_database_and_scheduler(context), lost),
        _checked(read_status(context.database, context.clock()), None),
        _checked(active_pauses(context.database, context.clock()), None),
        _checked(_cache(context), CacheComponent(status="disconnected")),
        _checked(_details(context) if detailed else _no_details(), None),
    )
    components = Components(
        database=database,
        whatsapp_api=_whatsapp_api(context, graph, pauses),
        scheduler=scheduler,
        cache=cache,
    )
    answer = Health(
        status=_judge(components, pauses or []),
        version=_VERSION,
        uptime_seconds=int((context.clock() - context.started_at).total_seconds()),
        components=components,
    )
    if details is not None:
        answer.metrics = details
    return Response(
        answer.model_dump_json(exclude_unset=True),
        503 if answer.status == "down" else 200,
        media_type="application/json",
    )


def _judge(components: Components, pauses: Sequence[Pause]) -> Literal["healthy", "degraded", "down"]:
    if components.database.status != "connected":
        return "down"
    degraded = (
        components.whatsapp_api.status == "unhealthy"
        or components.scheduler.status != "running"
        or components.cache.status == "disconnected"
        or any(_stops_everything(pause) for pause in pauses)
    )
    return "degraded" if degraded else "healthy"


def _stops_everything(pause: Pause) -> bool:
    """Whether it needs somebody; that Meta slows the sending down passes in seconds by itself."""
    passing = pause.origin is Origin.META and pause.error_class == ErrorClass.THROTTLED
    return pause.scope is Scope.EVERYTHING and not passing


async def _checked(check: Awaitable[Part], failed: Part) -> Part:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check
    except (DatabaseError, CacheUnavailableError, TimeoutError):
        return failed


async def _database_and_scheduler(context: ApiContext) -> tuple[DatabaseComponent, SchedulerComponent]:
    started = time.perf_counter()
    state = await read_state(context.database, context.clock())
    elapsed = time.perf_counter() - started
    pool = context.database.pool_status() if isinstance(context.database, (FileClient, HranaClient)) else None
    database = DatabaseComponent(
        status="connected",
        response_time_ms=round(elapsed * 1000, 3),
        active_connections=pool.active if pool else 0,
        connection_pool_size=context.settings.db_pool_size,
    )
    scheduler = SchedulerComponent(
        status="running" if state.running else "stopped",
        active_jobs=state.active_jobs,
        last_execution=state.last_execution,
        next_execution=state.next_execution,
    )
    return database, scheduler


def _whatsapp_api(
    context: ApiContext, graph: GraphStatus | None, pauses: Sequence[Pause] | None
) -> WhatsAppComponent:
    version_name, left = context.settings.whatsapp_api_version, context.version_days_left()
    if graph is None or pauses is None:
        return WhatsAppComponent(status="unknown", api_version=version_name, api_version_days_left=left)
    limit = context.settings.whatsapp_rate_limit_per_minute
    return WhatsAppComponent(
        status=_GRAPH_STATUS[graph.status],
        rate_limit_remaining=max(limit - graph.sends_last_minute, 0),
        rate_limit_reset_seconds=graph.reset_seconds,
        last_successful_request=graph.last_successful_request,
        paused=any(pause.scope is Scope.EVERYTHING for pause in pauses),
        pauses=[_shown(pause) for pause in pauses],
        api_version=version_name,
        api_version_days_left=left,
    )


def _shown(pause: Pause) -> HealthPause:
    return HealthPause(
        scope=pause.scope,
        id=pause.object_id,
        reason=pause.reason,
        error_class=pause.error_class,
        since=timestamps.to_text(pause.since),
        until=None if pause.until is None else timestamps.to_text(pause.until),
    )


async def _cache(context: ApiContext) -> CacheComponent:
    status = await context.cache.status()
    return CacheComponent(
        status="connected" if status.enabled else "disabled",
        hit_rate=status.hit_rate,
        used_memory_mb=status.used_memory_mb,
        max_memory_mb=status.max_memory_mb,
    )


async def _details(context: ApiContext) -> HealthMetrics | None:
    figures = await context.figures()
    return HealthMetrics(
        schema_version=await schema_version(context.database),
        total_notifications_today=figures.total,
        error_rate_percentage=round(100 * figures.error_ratio, 2),
        pending_notifications=figures.due,
        scheduled_notifications=figures.scheduled,
        avg_response_time_ms=context.response_time_ms(),
    )


async def _no_details() -> HealthMetrics | None:
    return None
