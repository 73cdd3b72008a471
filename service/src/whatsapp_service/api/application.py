"""The ASGI application."""

from __future__ import annotations

from functools import cache as once

import orjson
from libsql_client import Client
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp
from whatsapp_database import DatabaseError

from whatsapp_service.api.errors import (
    ApiError,
    error_response,
    on_api_error,
    on_database_error,
    on_http_exception,
)
from whatsapp_service.api.lifespan import lifespan_of
from whatsapp_service.api.limits import RequestLimits
from whatsapp_service.api.metrics import ApiMetrics
from whatsapp_service.api.middleware import RequestMiddleware
from whatsapp_service.api.openapi import build_document
from whatsapp_service.api.operations import routes_of
from whatsapp_service.api.routes import OPERATIONS
from whatsapp_service.cache import Cache
from whatsapp_service.clock import Clock, utc_now
from whatsapp_service.settings import Settings


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
    routes = routes_of(OPERATIONS)
    application = Starlette(
        routes=routes,
        lifespan=lifespan_of(settings, metrics, clock, database, cache),
        exception_handlers={
            ApiError: on_api_error,
            DatabaseError: on_database_error,
            HTTPException: on_http_exception,
            ClientDisconnect: _on_disconnect,
            Exception: _on_unexpected,
        },
    )
    application.router.redirect_slashes = False
    application.state.openapi = _document()
    return RequestMiddleware(
        RequestLimits(application),
        metrics=metrics,
        routes={route.endpoint: route.path for route in routes},
        timeout=settings.request_timeout,
    )


@once
def _document() -> bytes:
    return orjson.dumps(build_document(OPERATIONS))


async def _on_unexpected(_request: Request, _error: Exception) -> Response:
    return error_response(500, "internal_error", "the request could not be completed")


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return error_response(400, "client_disconnected", "the client ended before its request")
