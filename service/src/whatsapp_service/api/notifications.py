"""Handlers of `/api/notifications`: accept, list, show, process."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from whatsapp_database import timestamps

from whatsapp_service import notifications
from whatsapp_service.api.errors import ApiError
from whatsapp_service.api.fields import LARGEST
from whatsapp_service.api.notification_models import (
    Accepted,
    ListQuery,
    NotificationDetail,
    NotificationPage,
    NotificationRequest,
    NotificationSummary,
    ProcessAnswer,
    ProcessQuery,
)
from whatsapp_service.api.operations import Call, Nothing
from whatsapp_service.json_logging import log_event, request_id
from whatsapp_service.listing import list_page
from whatsapp_service.scheduler.state import request_wake

logger = logging.getLogger("whatsapp.notifications")


async def create(call: Call[Nothing, NotificationRequest]) -> Response:
    """Accept: 201, or 200 when the Idempotency-Key had stored it before."""
    key = call.request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise ApiError(422, "invalid_header", "Idempotency-Key may have 255 printable ASCII characters")
    body = call.body
    try:
        accepted = await notifications.accept(
            call.context.database,
            body.to_domain(),
            now=call.context.clock(),
            operators_zone=call.context.settings.timezone,
            client_name=call.caller,
            idempotency_key=key,
            request_id=request_id.get(),
        )
    except notifications.IdempotencyConflictError as error:
        raise ApiError(409, error.code, str(error)) from error
    except notifications.RejectedError as error:
        raise ApiError(422, error.code, str(error)) from error
    log_event(
        logger,
        logging.INFO,
        "Notification accepted",
        tags=("notification",),
        notification_id=accepted.id,
        empresa_id=body.empresa_id,
        contacto_id=body.contacto_id,
        valorizacion_id=body.valorizacion_id,
        replayed=accepted.replayed,
    )
    answer = Accepted.model_validate(accepted, from_attributes=True)
    return JSONResponse(answer.model_dump(), 200 if accepted.replayed else 201)


async def index(call: Call[ListQuery, Nothing]) -> Response:
    """A page, newest first."""
    query = call.query
    page = await list_page(
        call.context.database,
        query.to_domain(),
        limit=query.limite,
        offset=query.offset,
        before=query.antes_de,
    )
    answer = NotificationPage(
        notificaciones=[NotificationSummary.model_validate(row) for row in page.notifications],
        total=page.total,
        total_exacto=page.exact,
        limite=query.limite,
        siguiente=page.next_before,
    )
    return Response(answer.model_dump_json(), media_type="application/json")


async def show(call: Call[Nothing, Nothing]) -> Response:
    """One notification with its history."""
    found = await notifications.find(call.context.database, notification_id(call.request))
    if found is None:
        raise ApiError(404, "not_found", "there is no such notification")
    answer = NotificationDetail.model_validate(found)
    return Response(answer.model_dump_json(), media_type="application/json")


async def process_pending(call: Call[ProcessQuery, Nothing]) -> Response:
    """Wake the scheduler for what is due."""
    limit = call.query.limit or call.context.settings.batch_size
    figures = await call.context.figures()
    now = call.context.clock()
    await request_wake(call.context.database, now)
    answer = ProcessAnswer(
        pendientes=figures.due,
        limite=limit,
        aceptadas=min(limit, figures.due),
        solicitado_at=timestamps.to_text(now),
    )
    return JSONResponse(answer.model_dump(), 202)


def notification_id(request: Request) -> int:
    """The id in the path. Raises ApiError 404 for what cannot be one."""
    text = request.path_params["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and 1 <= int(text) <= LARGEST):
        raise ApiError(404, "not_found", "there is no such notification")
    return int(text)
