"""Handlers of the metrics and status endpoints."""

from __future__ import annotations

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from whatsapp_database import DatabaseError

from whatsapp_service.api.context import ApiContext, context_of
from whatsapp_service.api.operations import Call, Nothing
from whatsapp_service.api.scraped import Scraped, ScrapedCollector
from whatsapp_service.pauses import active_pauses
from whatsapp_service.scheduler.state import read_state

_SCRAPE_SECONDS = 5


class DayMetrics(BaseModel):
    """Today's notifications (the operators' day of acceptance) and the queue."""

    fecha: str
    total_notificaciones: int
    enviadas: int
    entregadas: int
    leidas: int
    errores: int
    pendientes: int = Field(description="Due now.")
    programadas: int = Field(description="Waiting for their time.")
    tasa_exito_porcentaje: float
    tasa_error_porcentaje: float = Field(description="Failed among the finished.")
    tasa_entrega_porcentaje: float | None = Field(description="Delivered among the sent; null: none sent.")


class SystemMetrics(BaseModel):
    """The manual's three figures and what explains them."""

    total_notifications_today: int
    error_rate_percentage: float
    success_rate_percentage: float
    avg_response_time_ms: float = Field(description="Of all workers, over about five minutes.")
    pending_notifications: int = Field(description="Due now.")
    scheduled_notifications: int
    uptime_seconds: int


class SchedulerData(BaseModel):
    """All schedulers together."""

    scheduler_running: bool
    active_jobs: int
    last_execution: str | None
    next_execution: str | None
    heartbeat: str | None


class SchedulerStatus(BaseModel):
    """The manual's envelope."""

    data: SchedulerData


async def metrics(call: Call[Nothing, Nothing]) -> Response:
    """Today's notifications and the queue."""
    figures = await call.context.figures()
    delivery = figures.delivery_ratio
    answer = DayMetrics(
        fecha=figures.day,
        total_notificaciones=figures.total,
        enviadas=figures.enviadas,
        entregadas=figures.entregadas,
        leidas=figures.leidas,
        errores=figures.errores,
        pendientes=figures.due,
        programadas=figures.scheduled,
        tasa_exito_porcentaje=round(100 - 100 * figures.error_ratio, 2),
        tasa_error_porcentaje=round(100 * figures.error_ratio, 2),
        tasa_entrega_porcentaje=None if delivery is None else round(100 * delivery, 2),
    )
    return JSONResponse(answer.model_dump())


async def system_metrics(call: Call[Nothing, Nothing]) -> Response:
    """The manual's three figures and what explains them."""
    context = call.context
    figures = await context.figures()
    answer = SystemMetrics(
        total_notifications_today=figures.total,
        error_rate_percentage=round(100 * figures.error_ratio, 2),
        success_rate_percentage=round(100 - 100 * figures.error_ratio, 2),
        avg_response_time_ms=context.response_time_ms(),
        pending_notifications=figures.due,
        scheduled_notifications=figures.scheduled,
        uptime_seconds=int((context.clock() - context.started_at).total_seconds()),
    )
    return JSONResponse(answer.model_dump())


async def scheduler_status(call: Call[Nothing, Nothing]) -> Response:
    """Whether a scheduler runs."""
    state = await read_state(call.context.database, call.context.clock())
    data = SchedulerData(
        scheduler_running=state.running,
        active_jobs=state.active_jobs,
        last_execution=state.last_execution,
        next_execution=state.next_execution,
        heartbeat=state.heartbeat,
    )
    return JSONResponse(SchedulerStatus(data=data).model_dump())


async def prometheus(request: Request) -> Response:
    """What the workers measured and the database knows; without the database too."""
    context = context_of(request)
    collector = ScrapedCollector(await _scraped(context), context.version_days_left())
    return Response(context.metrics.render(collector), media_type=CONTENT_TYPE_LATEST)


async def _scraped(context: ApiContext) -> Scraped | None:
    try:
        async with asyncio.timeout(_SCRAPE_SECONDS):
            figures = await context.figures()
            pauses = await active_pauses(context.database, context.clock())
    except (DatabaseError, TimeoutError):
        return None
    return Scraped(figures, pauses, context.response_time_ms())
