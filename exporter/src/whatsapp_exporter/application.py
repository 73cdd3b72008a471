"""The exporter's HTTP application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from whatsapp_exporter.basic_auth import BasicAuthMiddleware, PasswordVerifier
from whatsapp_exporter.exposition import render
from whatsapp_exporter.landing_page import render_landing_page
from whatsapp_exporter.scrape import Scraper, scrape_budget
from whatsapp_exporter.web_config import WebConfig

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def create_application(
    scraper: Scraper, *, version: str, scrape_timeout: float, web: WebConfig | None = None
) -> Starlette:
    """Return the application; with users in `web` every page needs one.

    `scrape_timeout`: see config.Config.
    """

    async def metrics(request: Request) -> Response:
        budget = scrape_budget(request.headers.get(TIMEOUT_HEADER), scrape_timeout)
        families = await scraper.scrape(budget)
        # In a thread: a page of many companies takes long enough to hold other requests up.
        body, media_type = await asyncio.to_thread(render, families, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": media_type})

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("OK\n")

    async def landing(_request: Request) -> Response:
        return HTMLResponse(render_landing_page(scraper, version), headers=_PAGE_HEADERS)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await scraper.close()

    middleware = []
    if web is not None and web.basic_auth_users:
        verifier = PasswordVerifier(web.basic_auth_users)
        middleware.append(Middleware(BasicAuthMiddleware, verifier=verifier))
    return Starlette(
        routes=[Route("/metrics", metrics), Route("/-/healthy", healthy), Route("/", landing)],
        middleware=middleware,
        lifespan=lifespan,
    )
