"""HTTP face of the Graph simulator."""

import asyncio
import contextlib
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whatsapp_world.arrivals import requested_limit
from whatsapp_world.graph.errors import GraphError
from whatsapp_world.graph.faults import Fault, InvalidFaultError, parse_fault
from whatsapp_world.graph.simulator import GraphSimulator
from whatsapp_world.graph.webhook_sender import WebhookSender, shake_hands
from whatsapp_world.http_server import SeveredConnection
from whatsapp_world.request_body import BodyTooLargeError, NotAnObjectError, read_object

MAX_BODY = 256 * 1024
WEBHOOK_TIMEOUT_SECONDS = 10.0
_VERSION = re.compile(r"v(\d{1,3})\.\d{1,2}")
_DEFAULT_FIELDS = ("id", "display_phone_number", "verified_name", "quality_rating")

Handler = Callable[[Request], Awaitable[Response]]


def build_app(simulator: GraphSimulator) -> Starlette:
    """Return the application; its webhook sender runs while the application does."""
    settings = simulator.settings

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, object]]:
        async with contextlib.AsyncExitStack() as stack:
            # The system's trust store: httpx alone would use certifi's, which knows no private CA.
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    verify=ssl.create_default_context(), timeout=WEBHOOK_TIMEOUT_SECONDS, trust_env=False
                )
            )
            if settings.webhook is not None:
                sender = WebhookSender(
                    target=settings.webhook,
                    number=settings.number,
                    client=client,
                    clock=simulator.clock,
                    held=lambda: simulator.faults.active("webhooks_off"),
                    on_delivered=simulator.status_delivered,
                )
                await stack.enter_async_context(sender.running())
                simulator.attach(sender)
            yield {"webhook_client": client}
            simulator.attach(None)

    api = _GraphApi(simulator)
    lab = _Laboratory(simulator)
    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/_lab/messages", lab.messages, methods=["GET"]),
            Route("/_lab/messages", lab.forget_messages, methods=["DELETE"]),
            Route("/_lab/state", lab.state, methods=["GET"]),
            Route("/_lab/faults", lab.list_faults, methods=["GET"]),
            Route("/_lab/faults", lab.add_fault, methods=["POST"]),
            Route("/_lab/faults", lab.clear_faults, methods=["DELETE"]),
            Route("/_lab/handshake", lab.handshake, methods=["POST"]),
            Route("/debug_token", _as_meta(api.debug_token), methods=["GET"]),
            Route("/{version}/debug_token", _as_meta(api.debug_token), methods=["GET"]),
            Route("/{version}/me", _as_meta(api.me), methods=["GET"]),
            Route("/{version}/{phone_number_id}/messages", _as_meta(api.send), methods=["POST"]),
            Route("/{version}/{phone_number_id}", _as_meta(api.phone_number), methods=["GET"]),
        ],
    )


def _as_meta(handler: Handler) -> Handler:
    """Turn a GraphError into Meta's JSON answer."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except GraphError as exc:
            headers = {}
            if exc.http_status == httpx.codes.UNAUTHORIZED:
                headers["WWW-Authenticate"] = 'OAuth "Facebook Platform" "invalid_token"'
            return JSONResponse(exc.document(), status_code=exc.http_status, headers=headers)

    return answer


def _api_version(request: Request) -> int:
    match = _VERSION.fullmatch(request.path_params["version"])
    if match is None:
        raise GraphError(100, message="Invalid version format. Use format like 'v23.0'")
    return int(match[1])


class _GraphApi:
    """Meta's own endpoints."""

    def __init__(self, simulator: GraphSimulator) -> None:
        self._simulator = simulator

    async def send(self, request: Request) -> Response:
        version = _api_version(request)
        self._simulator.authorize(request.headers.get("Authorization"))
        self._simulator.check_number(request.path_params["phone_number_id"])
        try:
            body = await read_object(request, limit=MAX_BODY)
        except NotAnObjectError as exc:
            raise GraphError(100, message="(#100) The request's body is not a JSON object") from exc
        except BodyTooLargeError as exc:
            raise GraphError(100, http_status=413, message="(#100) The request's body is too large") from exc
        answer, obstacle = self._simulator.accept(body, api_version=version)
        if obstacle is not None:
            return await _obstructed(request, obstacle, answer)
        return JSONResponse(answer)

    async def phone_number(self, request: Request) -> Response:
        version = _api_version(request)
        self._simulator.authorize(request.headers.get("Authorization"))
        if request.path_params["phone_number_id"] != self._simulator.settings.number.phone_number_id:
            raise GraphError(803, message="Phone number not found")
        available = self._phone_fields(version)
        wanted = [name.strip() for name in request.query_params.get("fields", "").split(",") if name.strip()]
        unknown = [name for name in wanted if name not in available]
        if unknown:
            raise GraphError(
                100,
                message=f"(#100) Tried accessing nonexisting field ({unknown[0][:40]}) on node type"
                " (WhatsAppBusinessPhoneNumber)",
            )
        names = dict.fromkeys([*wanted, "id"] if wanted else _DEFAULT_FIELDS)
        return JSONResponse({name: available[name] for name in names})

    def _phone_fields(self, version: int) -> dict[str, object]:
        number = self._simulator.settings.number
        entity = {
            "entity_type": "PHONE_NUMBER",
            "id": number.phone_number_id,
            "can_send_message": "AVAILABLE",
        }
        limit = "whatsapp_business_manager_messaging_limit" if version >= 24 else "messaging_limit_tier"
        return {
            "id": number.phone_number_id,
            "display_phone_number": number.display_number,
            "verified_name": number.verified_name,
            "quality_rating": "GREEN",
            "status": "CONNECTED",
            "name_status": "APPROVED",
            "code_verification_status": "VERIFIED",
            "throughput": {"level": "STANDARD"},
            "account_mode": "LIVE",
            "platform_type": "CLOUD_API",
            "health_status": {"can_send_message": "AVAILABLE", "entities": [entity]},
            limit: "TIER_2K",
        }

    async def me(self, request: Request) -> Response:
        _api_version(request)
        self._simulator.authorize(request.headers.get("Authorization"))
        return JSONResponse({"id": "100000000000002", "name": "notificaciones"})

    async def debug_token(self, request: Request) -> Response:
        self._simulator.authorize(request.headers.get("Authorization"))
        inspected = request.query_params.get("input_token", "")
        if not inspected:
            raise GraphError(100, message="(#100) The parameter input_token is required.")
        return JSONResponse({"data": self._simulator.token_description(inspected)})


async def _obstructed(request: Request, fault: Fault, answer: dict[str, object]) -> Response:
    """Hold the answer, or cut the connection instead of answering."""
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds or 0.0)
        if fault.accepted:
            return JSONResponse(answer)
    return SeveredConnection(request)


class _Laboratory:
    """Endpoints under ``/_lab/``: they exist in no Graph API."""

    def __init__(self, simulator: GraphSimulator) -> None:
        self._simulator = simulator

    async def messages(self, request: Request) -> Response:
        return JSONResponse(self._simulator.messages.page(requested_limit(request)))

    async def forget_messages(self, _request: Request) -> Response:
        self._simulator.forget_messages()
        return Response(status_code=204)

    async def state(self, _request: Request) -> Response:
        return JSONResponse(self._simulator.state())

    async def list_faults(self, _request: Request) -> Response:
        faults = self._simulator.faults.documents()
        return JSONResponse({"items": faults, "total": len(faults)})

    async def add_fault(self, request: Request) -> Response:
        try:
            fault = self._simulator.faults.add(parse_fault(await read_object(request, limit=MAX_BODY)))
        except NotAnObjectError:
            return JSONResponse({"error": "a JSON object is needed"}, status_code=400)
        except BodyTooLargeError:
            return JSONResponse({"error": "too large"}, status_code=413)
        except InvalidFaultError as exc:
            return JSONResponse({"error": str(exc)}, status_code=400)
        return JSONResponse(fault.document(), status_code=201)

    async def clear_faults(self, request: Request) -> Response:
        lifted = self._simulator.faults.clear(request.query_params.get("kind"))
        self._simulator.release_webhooks()
        return JSONResponse({"lifted": lifted})

    async def handshake(self, request: Request) -> Response:
        settings = self._simulator.settings
        if settings.webhook is None or settings.verify_token is None:
            return JSONResponse({"error": "no webhook URL or no verify token configured"}, status_code=409)
        wrong = request.query_params.get("verify_token") == "wrong"
        result = await shake_hands(
            request.state.webhook_client,
            settings.webhook.url,
            verify_token=secrets.token_urlsafe(16) if wrong else settings.verify_token,
            challenge=str(secrets.randbelow(10**10)),
        )
        return JSONResponse(result)
