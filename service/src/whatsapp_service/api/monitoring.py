"""Handlers of the metrics and status endpoints."""

from __future__ import annotations

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from whatsapp_database import DatabaseError

from whatsapp_service.api.context import context_of
from whatsapp_service.scheduler.state import read_state


async def metrics(request: Request) -> Response:
    """GET /api/notifications/metrics: today's notifications and the queue."""
    context = context_of(request)
    await context.authenticator.require(request, "monitor", "read")
    figures = await context.figures()
    delivery = figures.delivery_ratio
    return JSONResponse(
        {
            "fecha": figures.day,
            "total_notificaciones": figures.total,
            "enviadas": figures.enviadas,
            "entregadas": figures.entregadas,
            "leidas": figures.leidas,
            "errores": figures.errores,
            "pendientes": figures.due,
            "programadas": figures.scheduled,
            "tasa_exito_porcentaje": round(100 - 100 * figures.error_ratio, 2),
            "tasa_error_porcentaje": round(100 * figures.error_ratio, 2),
            "tasa_entrega_porcentaje": None if delivery is None else round(100 * delivery, 2),
        }
    )


async def system_metrics(request: Request) -> Response:
    """GET /api/notifications/metrics/system: the manual's three figures and what explains them."""
    context = context_of(request)
    await context.authenticator.require(request, "monitor", "read")
    figures = await context.figures()
    return JSONResponse(
        {
            "total_notifications_today": figures.total,
            "error_rate_percentage": round(100 * figures.error_ratio, 2),
            "success_rate_percentage": round(100 - 100 * figures.error_ratio, 2),
            "avg_response_time_ms": context.response_time_ms(),
            "pending_notifications": figures.due,
            "scheduled_notifications": figures.scheduled,
            "uptime_seconds": int((context.clock() - context.started_at).total_seconds()),
        }
    )


async def scheduler_status(request: Request) -> Response:
    """GET /api/notifications/scheduler/status."""
    context = context_of(request)
    await context.authenticator.require(request, "monitor", "read")
    state = await read_state(context.database, context.clock())
    return JSONResponse(
        {
            "data": {
                "scheduler_running": state.running,
                "active_jobs": state.active_jobs,
                "last_execution": state.last_execution,
                "next_execution": state.next_execution,
                "heartbeat": state.heartbeat,
            }
        }
    )


async def prometheus(request: Request) -> Response:
    """GET /metrics: answers without the database too, then without its figures."""
    context = context_of(request)
    try:
        async with asyncio.timeout(5):
            figures = await context.figures()
    except (DatabaseError, TimeoutError):
        figures = None
    return Response(
        context.metrics.render(figures, context.response_time_ms()), media_type=CONTENT_TYPE_LATEST
    )
