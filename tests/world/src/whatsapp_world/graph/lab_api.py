"""Endpoints under ``/_lab/`` about messages, statuses, webhooks and faults: they exist in no Graph API."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whatsapp_world.arrivals import requested_limit
from whatsapp_world.graph import fields
from whatsapp_world.graph.accepted import AcceptedMessage
from whatsapp_world.graph.faults import parse_fault
from whatsapp_world.graph.fields import InvalidFieldError
from whatsapp_world.graph.journal import JournalError
from whatsapp_world.graph.simulator import GraphSimulator
from whatsapp_world.graph.statuses import parse_steps
from whatsapp_world.graph.webhook_payload import MAX_UPDATES, raw_bytes
from whatsapp_world.graph.webhook_sender import shake_hands
from whatsapp_world.request_body import BodyTooLargeError, NotAnObjectError, read_object

MAX_BODY = 256 * 1024
# A document of Meta's largest size, and what is around it.
MAX_WEBHOOK_BODY = 4 * 1024 * 1024
STATUS_MEMBERS = ("id", "callback_data", "status", "after_seconds", "code", "age_seconds", "times")
SIGNATURES = ("valid", "wrong", "missing")

Handler = Callable[[Request], Awaitable[Response]]


class NoWebhooksError(Exception):
    """Webhooks are asked for, but the simulator was started without a webhook URL."""


def guarded(handler: Handler) -> Handler:
    """Turn what is wrong with an operator's request into an answer that says so."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except NotAnObjectError:
            return JSONResponse({"error": "a JSON object is needed"}, status_code=400)
        except InvalidFieldError as exc:
            return JSONResponse({"error": str(exc)}, status_code=400)
        except BodyTooLargeError:
            return JSONResponse({"error": "too large"}, status_code=413)
        except NoWebhooksError:
            return JSONResponse({"error": "no webhook URL or no verify token configured"}, status_code=409)
        except JournalError as exc:
            return JSONResponse({"error": f"state file: {exc}"}, status_code=507)

    return answer


class LabApi:
    """What operators and tests read and cause."""

    def __init__(self, simulator: GraphSimulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        endpoints: list[tuple[str, str, Handler]] = [
            ("GET", "/_lab/messages", self._messages),
            ("DELETE", "/_lab/messages", self._forget_messages),
            ("GET", "/_lab/duplicates", self._duplicates),
            ("GET", "/_lab/state", self._state),
            ("GET", "/_lab/faults", self._list_faults),
            ("POST", "/_lab/faults", self._add_fault),
            ("DELETE", "/_lab/faults", self._clear_faults),
            ("POST", "/_lab/handshake", self._handshake),
            ("POST", "/_lab/statuses", self._statuses),
            ("POST", "/_lab/webhooks", self._webhook),
        ]
        return [Route(path, guarded(handler), methods=[method]) for method, path, handler in endpoints]

    async def _messages(self, request: Request) -> Response:
        callback_data = request.query_params.get("callback_data")
        return JSONResponse(self._simulator.messages.page(requested_limit(request), callback_data))

    async def _forget_messages(self, _request: Request) -> Response:
        self._simulator.forget_messages()
        return Response(status_code=204)

    async def _duplicates(self, request: Request) -> Response:
        callbacks = self._simulator.messages.callbacks
        callback_data = request.query_params.get("callback_data")
        if callback_data is not None:
            count = callbacks.count(callback_data)
            return JSONResponse({"biz_opaque_callback_data": callback_data, "accepted": count})
        return JSONResponse(callbacks.page(requested_limit(request)))

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(self._simulator.state())

    async def _list_faults(self, _request: Request) -> Response:
        faults = self._simulator.faults.documents()
        return JSONResponse({"items": faults, "total": len(faults)})

    async def _add_fault(self, request: Request) -> Response:
        fault = self._simulator.faults.add(parse_fault(await read_object(request, limit=MAX_BODY)))
        self._simulator.release_webhooks()
        return JSONResponse(fault.document(), status_code=201)

    async def _clear_faults(self, request: Request) -> Response:
        lifted = self._simulator.faults.clear(request.query_params.get("kind"))
        self._simulator.release_webhooks()
        return JSONResponse({"lifted": lifted})

    async def _handshake(self, request: Request) -> Response:
        settings = self._simulator.settings
        if settings.webhook is None or settings.verify_token is None:
            raise NoWebhooksError
        wrong = request.query_params.get("verify_token") == "wrong"
        result = await shake_hands(
            request.state.webhook_client,
            settings.webhook.url,
            verify_token=secrets.token_urlsafe(16) if wrong else settings.verify_token,
            challenge=str(secrets.randbelow(10**10)),
        )
        return JSONResponse(result)

    async def _statuses(self, request: Request) -> Response:
        """Emit statuses of one accepted message, named by its id or its callback data."""
        if self._simulator.sender is None:
            raise NoWebhooksError
        document = await read_object(request, limit=MAX_BODY)
        fields.only(document, STATUS_MEMBERS)
        message = self._message(document)
        if message is None:
            return JSONResponse({"error": "no such message is remembered"}, status_code=404)
        times = fields.integer(document, "times", 1, MAX_UPDATES) or 1
        (step,) = parse_steps([document])
        for _ in range(times):
            self._simulator.emit_status(message, step)
        return JSONResponse({"id": message.id, "status": step.status, "queued": times}, status_code=202)

    def _message(self, document: dict[str, object]) -> AcceptedMessage | None:
        identifier, callback_data = fields.text(document, "id"), fields.text(document, "callback_data")
        if (identifier is None) == (callback_data is None):
            raise InvalidFieldError("either id or callback_data is needed")
        messages = self._simulator.messages
        return messages.find(identifier) if identifier else messages.find_callback(callback_data or "")

    async def _webhook(self, request: Request) -> Response:
        """Post a document once, now, and report the receiver's answer."""
        sender = self._simulator.sender
        if sender is None:
            raise NoWebhooksError
        posted = await read_object(request, limit=MAX_WEBHOOK_BODY)
        fields.only(posted, ("document", "raw", "signature"))
        document, raw = fields.mapping(posted, "document"), posted.get("raw")
        if (document is None) == (raw is None) or not isinstance(raw, str | None):
            raise InvalidFieldError("either document (an object) or raw (a string) is needed")
        signed = fields.choice(posted, "signature", SIGNATURES) or "valid"
        outcome = await sender.post(raw_bytes(document) if raw is None else raw.encode(), signed=signed)
        return JSONResponse(
            {"ok": outcome.failure is None, "http_status": outcome.http_status, "failure": outcome.failure}
        )
