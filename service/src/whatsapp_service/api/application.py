"""The ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

from libsql_client import Client
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_database import DatabaseError, require_current_schema

from whatsapp_service.api import health, monitoring, notifications, webhook
from whatsapp_service.api.authentication import Authenticator
from whatsapp_service.api.context import ApiContext
from whatsapp_service.api.errors import (
    ApiError,
    error_response,
    on_api_error,
    on_database_error,
    on_http_exception,
)
from whatsapp_service.api.metrics import ApiMetrics, ResponseTime
from whatsapp_service.api.middleware import RequestMiddleware
from whatsapp_service.cache import Cache, open_cache
from whatsapp_service.clock import Clock, utc_now
from whatsapp_service.settings import Settings
from whatsapp_service.store import open_store
from whatsapp_service.webhooks.worker import WebhookWorker

_PREFIX = "/api/notifications"


def create_app(
    settings: Settings,
    *,
    database: Client | None = None,
    cache: Cache | None = None,
    clock: Clock = utc_now,
) -> ASGIApp:
    """Build the application; a database or cache that is given is used and not closed.

    Its start raises SchemaError when the database is not at the code's version.
    """
    metrics = ApiMetrics(settings.prometheus_multiproc_dir)
    routes = _routes()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            store = open_store(settings) if database is None else database
            if database is None:
                stack.push_async_callback(store.close)
            await require_current_schema(store)
            used_cache: Cache = open_cache(settings) if cache is None else cache
            if cache is None:
                stack.push_async_callback(used_cache.close)
            worker = WebhookWorker(store, clock=clock, observe_lag=_lag_observer(metrics))
            app.state.context = ApiContext(
                settings=settings,
                database=store,
                cache=used_cache,
                clock=clock,
                metrics=metrics,
                response_time=ResponseTime(),
                authenticator=Authenticator(settings.api_keys, store),
                webhook_worker=worker,
                started_at=clock(),
            )
            background = asyncio.create_task(worker.run(), name="webhook-worker")
            try:
                yield
            finally:
                background.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await background

    application = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            ApiError: on_api_error,
            DatabaseError: on_database_error,
            HTTPException: on_http_exception,
            Exception: _on_unexpected,
        },
    )
    return RequestMiddleware(
        application,
        metrics=metrics,
        routes={route.endpoint: route.path for route in routes},
        timeout=settings.request_timeout,
    )


def _routes() -> list[Route]:
    return [
        Route("/health", health.health),
        Route("/metrics", monitoring.prometheus),
        Route(_PREFIX, notifications.create, methods=["POST"]),
        Route(_PREFIX, notifications.index, methods=["GET"]),
        Route(f"{_PREFIX}/metrics", monitoring.metrics),
        Route(f"{_PREFIX}/metrics/system", monitoring.system_metrics),
        Route(f"{_PREFIX}/scheduler/status", monitoring.scheduler_status),
        Route(f"{_PREFIX}/process-pending", notifications.process_pending, methods=["POST"]),
        Route(f"{_PREFIX}/templates", notifications.templates),
        Route(f"{_PREFIX}/webhook", webhook.verify, methods=["GET"]),
        Route(f"{_PREFIX}/webhook", webhook.receive, methods=["POST"]),
        Route(f"{_PREFIX}/{{id:int}}", notifications.show),
    ]


async def _on_unexpected(_request: Request, _error: Exception) -> Response:
    return error_response(500, "internal_error", "the request could not be completed")


def _lag_observer(metrics: ApiMetrics) -> Callable[[timedelta], None]:
    def observe(lag: timedelta) -> None:
        metrics.webhook_lag.observe(max(lag.total_seconds(), 0.0))

    return observe
