"""Around every request: its id, its time limit, its metrics and its log line."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whatsapp_service.api.errors import error_response
from whatsapp_service.api.metrics import ApiMetrics
from whatsapp_service.json_logging import log_event, request_id

logger = logging.getLogger("whatsapp.api")

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_QUIET_ROUTES: Final = frozenset({"/health", "/metrics"})


class RequestMiddleware:
    """Pure ASGI, outermost; `routes` names the route of an endpoint so that paths never become labels."""

    def __init__(
        self, app: ASGIApp, *, metrics: ApiMetrics, routes: Mapping[object, str], timeout: float
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        current = _request_id(scope)
        token = request_id.set(current)
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", current.encode())]
            await send(message)

        try:
            await self._answer(scope, receive, send_with_id)
        finally:
            self._record(scope, status, time.perf_counter() - started)
            request_id.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            async with asyncio.timeout(self._timeout):
                await self._app(scope, receive, watched)
        except TimeoutError:
            if began:
                raise
            await error_response(504, "timeout", "the request took too long")(scope, receive, send)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = self._routes.get(scope.get("endpoint"), "unmatched")
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.duration.labels(method, route).observe(seconds)
        usual = logging.DEBUG if route in _QUIET_ROUTES else logging.INFO
        log_event(
            logger,
            logging.ERROR if status >= 500 else usual,
            "Request served",
            tags=("http",),
            endpoint=f"{method} {route}",
            status=status,
            duration_ms=round(seconds * 1000, 3),
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
            return str(value.decode())
    return f"req_{secrets.token_hex(8)}"
