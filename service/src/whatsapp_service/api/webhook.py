"""Handlers of `/api/notifications/webhook`: Meta's handshake and its events."""

from __future__ import annotations

import hmac
import logging
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from whatsapp_database import DatabaseError

from whatsapp_service.api.bodies import WEBHOOK_LIMIT, read_body
from whatsapp_service.api.context import ApiContext, context_of
from whatsapp_service.api.errors import ApiError
from whatsapp_service.json_logging import log_event
from whatsapp_service.webhooks.inbox import KeptEvent, keep
from whatsapp_service.webhooks.signature import is_genuine

logger = logging.getLogger("whatsapp.webhook")


async def verify(request: Request) -> Response:
    """GET: the raw challenge for whoever knows the verify token (Meta: Webhooks, verification requests)."""
    context = context_of(request)
    secret = context.settings.whatsapp_verify_token
    given = request.query_params.get("hub.verify_token", "")
    known = secret is not None and hmac.compare_digest(
        given.encode("utf-8", "surrogateescape"), secret.get_secret_value().encode()
    )
    challenge = request.query_params.get("hub.challenge", "")
    if not known or request.query_params.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= 1024:
        context.metrics.webhook_requests.labels("refused").inc()
        raise ApiError(403, "forbidden", "the webhook verification was refused")
    context.metrics.webhook_requests.labels("verified").inc()
    return PlainTextResponse(challenge, headers={"X-Content-Type-Options": "nosniff"})


async def receive(request: Request) -> Response:
    """POST: 200 once the signed body is committed; it is applied afterwards."""
    context = context_of(request)
    started = time.perf_counter()
    result = "error"
    try:
        event, result = await _keep(request, context), "accepted"
    except ApiError as error:
        result = error.code
        raise
    finally:
        context.metrics.webhook_requests.labels(result).inc()
        context.metrics.webhook_duration.observe(time.perf_counter() - started)
    context.webhook_worker.take(event)
    return JSONResponse({"status": "accepted"})


async def _keep(request: Request, context: ApiContext) -> KeptEvent:
    received_at = context.clock()
    secret = context.settings.whatsapp_app_secret
    try:
        body = await read_body(request, WEBHOOK_LIMIT)
    except ApiError as error:
        raise ApiError(error.status, "too_large", str(error)) from error
    if secret is None or not is_genuine(
        body, request.headers.get("x-hub-signature-256"), secret.get_secret_value()
    ):
        log_event(logger, logging.WARNING, "webhook refused: bad signature", tags=("webhook",))
        raise ApiError(401, "bad_signature", "X-Hub-Signature-256 does not fit the body")
    try:
        return KeptEvent(await keep(context.database, body, received_at), body, received_at)
    except DatabaseError as error:  # anything but 200 makes Meta send it again
        log_event(logger, logging.ERROR, "webhook not kept", tags=("webhook",), error_code=error.code)
        raise ApiError(503, "error", "the event could not be kept, send it again") from error
