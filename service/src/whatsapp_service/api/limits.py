"""Requests that are too large before their body is looked at; nginx has the same limits in front."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from whatsapp_service.api.errors import error_response

_TARGET_LIMIT: Final = 8 * 1024
_HEADERS_LIMIT: Final = 32 * 1024


class RequestLimits:
    """Pure ASGI: 414 for a long path and query, 431 for long headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http":
            if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _TARGET_LIMIT:
                app = error_response(414, "uri_too_long", f"path and query may have {_TARGET_LIMIT} bytes")
            elif sum(len(name) + len(value) for name, value in scope["headers"]) > _HEADERS_LIMIT:
                app = error_response(431, "headers_too_large", f"the headers may have {_HEADERS_LIMIT} bytes")
        await app(scope, receive, send)
