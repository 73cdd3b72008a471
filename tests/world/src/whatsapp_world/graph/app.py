"""The ASGI application of the Graph simulator.

Sending is answered here directly: it is the far end of benchmarks. Everything else goes through Starlette.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from whatsapp_world.graph.errors import GraphError
from whatsapp_world.graph.faults import Fault
from whatsapp_world.graph.lab_api import LabApi
from whatsapp_world.graph.lab_business import LabBusinessApi
from whatsapp_world.graph.management import Management
from whatsapp_world.graph.meta_api import MetaApi, refusal, usage_of
from whatsapp_world.graph.simulator import GraphSimulator
from whatsapp_world.graph.template_management import TemplateManagement
from whatsapp_world.graph.token import MESSAGING
from whatsapp_world.graph.webhook_sender import WebhookSender, WebhookTarget
from whatsapp_world.http_server import SeveredConnection

MAX_BODY: Final = 256 * 1024
WEBHOOK_TIMEOUT_SECONDS: Final = 10.0
PAUSES_SECONDS: Final = 1.0
_JSON: Final = (b"content-type", b"application/json")


def build_app(simulator: GraphSimulator) -> GraphApp:
    """Return the application; its webhook sender runs while the application does."""
    settings, clock = simulator.settings, simulator.clock
    management = Management(simulator.business, simulator.token, settings.number, clock, simulator.emit)
    templates = TemplateManagement(settings.templates, clock, simulator.emit)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, object]]:
        async with contextlib.AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    verify=_trust(settings.webhook), timeout=WEBHOOK_TIMEOUT_SECONDS, trust_env=False
                )
            )
            await stack.enter_async_context(_webhooks(simulator, client))
            await stack.enter_async_context(_pauses(templates))
            yield {"webhook_client": client}

    routes = [
        *LabApi(simulator).routes(),
        *LabBusinessApi(simulator, management, templates).routes(),
        *MetaApi(simulator).routes(),
    ]
    return GraphApp(simulator, Starlette(lifespan=lifespan, routes=routes))


def _trust(target: WebhookTarget | None) -> ssl.SSLContext:
    """Return the system's trust store: httpx alone would use certifi's, which knows no private CA."""
    if target is None or not target.url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and quickly made
    return ssl.create_default_context()


@contextlib.asynccontextmanager
async def _webhooks(simulator: GraphSimulator, client: httpx.AsyncClient) -> AsyncIterator[None]:
    """Send webhooks while the context lasts, if they are configured."""
    settings = simulator.settings
    try:
        if settings.webhook is None:
            yield
            return
        sender = WebhookSender(
            target=settings.webhook,
            number=settings.number,
            client=client,
            clock=simulator.clock,
            faults=simulator.faults,
            on_over=simulator.statuses_over,
        )
        async with sender.running():
            simulator.attach(sender)
            yield
    finally:
        simulator.attach(None)
        simulator.close()


@contextlib.asynccontextmanager
async def _pauses(templates: TemplateManagement) -> AsyncIterator[None]:
    """End the pauses of templates while the context lasts."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(PAUSES_SECONDS)
            templates.resume()

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class GraphApp:
    """The application: ``POST /{version}/{phone-id}/messages``, and the rest."""

    def __init__(self, simulator: GraphSimulator, rest: Starlette) -> None:
        self._simulator = simulator
        self._rest = rest

    @property
    def routes(self) -> list[BaseRoute]:
        """The endpoints beside that one."""
        return self._rest.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the lifespan."""
        if scope["type"] == "http" and scope["method"] == "POST":
            parts = scope["path"].split("/")
            if len(parts) == 4 and parts[3] == "messages":
                await self._send_message(parts[1], parts[2], scope, receive, send)
                return
        await self._rest(scope, receive, send)

    async def _send_message(
        self, version_text: str, phone_number_id: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        simulator = self._simulator
        obstacle: Fault | None = None
        headers: list[tuple[bytes, bytes]] = [_JSON]
        try:
            version = simulator.versions.resolve(version_text, f"{phone_number_id}/messages")
            headers.append((b"facebook-api-version", version.text.encode()))
            simulator.authorize(_authorization(scope), MESSAGING)
            simulator.check_number(phone_number_id)
            acceptance = simulator.accept(await _read_object(receive), version)
            obstacle = acceptance.obstacle
            if obstacle is not None and obstacle.kind == "status_first":
                await simulator.first_status_taken(acceptance.message_id, seconds=obstacle.seconds)
            status, document = 200, acceptance.answer
        except GraphError as exc:
            status, extra, document = refusal(simulator, exc)
            headers += _encoded(extra)
        if simulator.faults.active("usage"):
            headers += _encoded(usage_of(simulator))
        if obstacle is not None and obstacle.kind == "hang":
            await asyncio.sleep(obstacle.seconds or 0.0)
        if obstacle is not None and (obstacle.kind == "drop" or not obstacle.accepted):
            await SeveredConnection(Request(scope))(scope, receive, send)
            return
        body = orjson.dumps(document)
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _authorization(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            found: bytes = value
            return found
    return None


async def _read_object(receive: Receive) -> dict[str, Any]:
    """Return the request's body; raise GraphError 100 when it is too large or not a JSON object."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            break
    if len(body) > MAX_BODY:
        raise GraphError(100, http_status=413, message="(#100) The request's body is too large")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise GraphError(100, message="(#100) The request's body is not a JSON object") from exc
    if not isinstance(document, dict):
        raise GraphError(100, message="(#100) The request's body is not a JSON object")
    return document
