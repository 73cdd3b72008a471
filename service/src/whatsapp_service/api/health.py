"""GET /health in the manual's shape; no component can hang it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from whatsapp_database import DatabaseError, FileClient, schema_version

from whatsapp_service.api.context import ApiContext, context_of
from whatsapp_service.cache import CacheUnavailableError
from whatsapp_service.graph.status import read_status
from whatsapp_service.scheduler.state import read_state

_CHECK_SECONDS: Final = 2.0
_VERSION: Final = version("whatsapp-service")

Component = dict[str, Any]


async def health(request: Request) -> Response:
    """200 while healthy or degraded, 503 when down (no database); `?detailed=true` adds the figures."""
    context = context_of(request)
    database, whatsapp_api, scheduler, cache = await asyncio.gather(
        _checked(_database, context, {"status": "disconnected"}),
        _checked(_whatsapp_api, context, {"status": "unknown"}),
        _checked(_scheduler, context, {"status": "stopped"}),
        _checked(_cache, context, {"status": "disconnected"}),
    )
    if database["status"] != "connected":
        status = "down"
    elif (
        whatsapp_api["status"] == "unhealthy"
        or scheduler["status"] != "running"
        or cache["status"] != "connected"
    ):
        status = "degraded"
    else:
        status = "healthy"
    answer: dict[str, Any] = {
        "status": status,
        "version": _VERSION,
        "uptime_seconds": int((context.clock() - context.started_at).total_seconds()),
        "components": {
            "database": database,
            "whatsapp_api": whatsapp_api,
            "scheduler": scheduler,
            "cache": cache,
        },
    }
    if request.query_params.get("detailed") == "true" and status != "down":
        answer["metrics"] = await _checked(_details, context, {})
    return JSONResponse(answer, 503 if status == "down" else 200)


async def _checked(
    check: Callable[[ApiContext], Awaitable[Component]], context: ApiContext, failed: Component
) -> Component:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check(context)
    except (DatabaseError, CacheUnavailableError, TimeoutError):
        return failed


async def _database(context: ApiContext) -> Component:
    started = time.perf_counter()
    await context.database.execute("SELECT 1 FROM scheduler_state")
    elapsed = time.perf_counter() - started
    pool = context.database.pool_status() if isinstance(context.database, FileClient) else None
    return {
        "status": "connected",
        "response_time_ms": round(elapsed * 1000, 3),
        "active_connections": pool.active if pool else 0,
        "connection_pool_size": context.settings.db_pool_size,
    }


async def _whatsapp_api(context: ApiContext) -> Component:
    found = await read_status(context.database)
    return {
        "status": found.status,
        "rate_limit_remaining": found.rate_limit_remaining,
        "rate_limit_reset_seconds": found.rate_limit_reset_seconds,
        "last_successful_request": found.last_successful_request,
    }


async def _scheduler(context: ApiContext) -> Component:
    state = await read_state(context.database, context.clock())
    return {
        "status": "running" if state.running else "stopped",
        "active_jobs": state.active_jobs,
        "last_execution": state.last_execution,
        "next_execution": state.next_execution,
    }


async def _cache(context: ApiContext) -> Component:
    status = await context.cache.status()
    return {
        "status": "connected",
        "hit_rate": status.hit_rate,
        "used_memory_mb": status.used_memory_mb,
        "max_memory_mb": status.max_memory_mb,
    }


async def _details(context: ApiContext) -> Component:
    figures = await context.figures()
    return {
        "schema_version": await schema_version(context.database),
        "total_notifications_today": figures.total,
        "error_rate_percentage": round(100 * figures.error_ratio, 2),
        "pending_notifications": figures.due,
        "scheduled_notifications": figures.scheduled,
        "avg_response_time_ms": context.response_time_ms(),
    }
