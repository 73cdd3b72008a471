"""The exporter's HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from whatsapp_exporter.debug_report import render_debug_report
from whatsapp_exporter.exporter import Exporter, Wanted
from whatsapp_exporter.exposition.negotiation import Form, accepts_gzip, negotiate
from whatsapp_exporter.hangup import reloading_on_hangup
from whatsapp_exporter.landing_page import render_landing_page
from whatsapp_exporter.scrape import scrape_budget
from whatsapp_exporter.scrape_gate import TooManyScrapesError
from whatsapp_exporter.targets import Target
from whatsapp_exporter.yaml_file import ConfigError

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


class _Pages:
    """The handlers."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter

    async def metrics(self, request: Request) -> Response:
        """The service of this host and the exporter itself."""
        return await self._scraped(self._exporter.targets.main, request)

    async def probe(self, request: Request) -> Response:
        """One of the services that the configuration names; no other address can be asked for."""
        name = request.query_params.get("target", "")
        if not name:
            return _text("the parameter target is missing\n", 400)
        target = self._exporter.targets.named.get(name)
        if target is None:
            return _text("the configuration has no such target\n", 404)
        if request.query_params.get("debug") == "true":
            return await self._debug(target, request)
        return await self._scraped(target, request)

    async def healthy(self, _request: Request) -> Response:
        """200 while the process serves."""
        return _text("OK\n")

    async def ready(self, _request: Request) -> Response:
        """200 from the time at which scrapes are answered until the end begins."""
        return _text("OK\n") if self._exporter.ready else _text("not ready\n", 503)

    async def reload(self, _request: Request) -> Response:
        """Read the configuration again."""
        try:
            await self._exporter.reloader.reload()
        except ConfigError as error:
            return _text(f"the configuration was not reloaded: {error}\n", 500)
        return _text("OK\n")

    async def landing(self, _request: Request) -> Response:
        """How the collectors do, for people."""
        return HTMLResponse(render_landing_page(self._exporter), headers=_PAGE_HEADERS)

    async def _scraped(self, target: Target, request: Request) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
        try:
            page = await self._exporter.page(target, Wanted(self._budget(request), form, gzip))
        except TooManyScrapesError:
            return _text("too many scrapes are running\n", 503)
        headers = {"Content-Type": form.value, "Vary": "Accept, Accept-Encoding"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return Response(page.body, headers=headers)

    async def _debug(self, target: Target, request: Request) -> Response:
        budget = self._budget(request)
        try:
            page = await self._exporter.page(target, Wanted(budget, Form.TEXT))
        except TooManyScrapesError:
            return _text("too many scrapes are running\n", 503)
        return _text(render_debug_report(target, page, budget))

    def _budget(self, request: Request) -> float:
        return scrape_budget(request.headers.get(TIMEOUT_HEADER), self._exporter.config.scrape_timeout)


def _text(body: str, code: int = 200) -> Response:
    return PlainTextResponse(body, code)


def create_application(exporter: Exporter) -> Starlette:
    """Return the application; the server protects it (see protection). SIGHUP reloads the configuration."""
    pages = _Pages(exporter)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        exporter.start()
        with reloading_on_hangup(exporter.reloader):
            yield
        await exporter.close()

    return Starlette(
        routes=[
            Route("/metrics", pages.metrics),
            Route("/probe", pages.probe),
            Route("/-/healthy", pages.healthy),
            Route("/-/ready", pages.ready),
            Route("/-/reload", pages.reload, methods=["POST"]),
            Route("/", pages.landing),
        ],
        lifespan=lifespan,
    )
