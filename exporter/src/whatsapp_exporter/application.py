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
from whatsapp_exporter.exposition.negotiation import accepts_gzip, negotiate
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import family
from whatsapp_exporter.landing_page import render_landing_page
from whatsapp_exporter.metrics import own
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

    encoder = PageEncoder()

    async def metrics(request: Request) -> Response:
        budget = scrape_budget(request.headers.get(TIMEOUT_HEADER), scrape_timeout)
        result = await scraper.scrape(budget)
        families = [family(own.BUILD_INFO, [((version,), 1.0)]), *result.families]
        form = negotiate(request.headers.get("accept", ""))
        gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
        # In a thread: a page of many companies takes long enough to hold other requests up.
        body = await asyncio.to_thread(encoder.encode, families, form, gzip=gzip)
        headers = {"Content-Type": form.value, "Vary": "Accept, Accept-Encoding"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers)

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("OK\n")

    async def landing(_request: Request) -> Response:
        return HTMLResponse(render_landing_page(scraper, version), headers=_PAGE_HEADERS)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        scraper.start()
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
