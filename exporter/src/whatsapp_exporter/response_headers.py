"""Response headers that the web configuration sets: those that the exporter-toolkit lets it set."""

import re
from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_ALLOWED: Mapping[str, tuple[re.Pattern[str], str]] = {
    "Strict-Transport-Security": (
        re.compile(r"max-age=\d+(\s*;\s*(includeSubDomains|preload))*", re.IGNORECASE),
        "must be max-age=SECONDS, with includeSubDomains and preload if wanted",
    ),
    "X-Frame-Options": (re.compile("deny|sameorigin"), "must be deny or sameorigin"),
    "X-Content-Type-Options": (re.compile("nosniff"), "must be nosniff"),
    "X-XSS-Protection": (
        re.compile(r"0|1(\s*;\s*(mode=block|report=[\x21-\x7e]+))?"),
        "must be 0, 1, 1; mode=block or 1; report=ADDRESS",
    ),
    "Content-Security-Policy": (_PRINTABLE, "must be one line of ASCII"),
}


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those that are not blank. Raises ValueError naming the header that cannot be set so."""
    for name, value in headers.items():
        if name not in _ALLOWED:
            raise ValueError(f"{name} cannot be set, only {', '.join(_ALLOWED)}")
        pattern, reason = _ALLOWED[name]
        if value and not (pattern.fullmatch(value) and _PRINTABLE.fullmatch(value)):
            raise ValueError(f"{name} {reason}")
    return {name: value for name, value in headers.items() if value}


class ResponseHeadersMiddleware:
    """Sets the headers on every response, in place of the application's own of the same names."""

    def __init__(self, app: ASGIApp, headers: Callable[[], Mapping[str, str]]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        configured = self._headers()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in configured.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)
