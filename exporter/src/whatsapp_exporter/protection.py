"""What stands in front of the application: rate limit, response headers, users."""

from collections.abc import Callable

from starlette.types import ASGIApp

from whatsapp_exporter.basic_auth import BasicAuthMiddleware, PasswordVerifier
from whatsapp_exporter.rate_limit import RateLimitMiddleware
from whatsapp_exporter.response_headers import ResponseHeadersMiddleware
from whatsapp_exporter.web_config import WebConfig


def protect(application: ASGIApp, current: Callable[[], WebConfig]) -> ASGIApp:
    """Return the application behind what `current` gives at each request, in the exporter-toolkit's order."""
    for_users = BasicAuthMiddleware(application, PasswordVerifier({}), lambda: current().basic_auth_users)
    with_headers = ResponseHeadersMiddleware(for_users, lambda: current().http_server_config.headers)
    return RateLimitMiddleware(with_headers, lambda: current().rate_limit)
