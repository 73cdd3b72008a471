"""Handlers that change stored notifications: cancel, and send again."""

from __future__ import annotations

import logging

from starlette.responses import JSONResponse, Response
from whatsapp_database import timestamps

from whatsapp_service import cancellation, requeue
from whatsapp_service.api.errors import ApiError
from whatsapp_service.api.notification_models import (
    Cancelled,
    RequeueCounts,
    Requeued,
    RequeueFilter,
    RequeueRequest,
)
from whatsapp_service.api.notifications import notification_id
from whatsapp_service.api.operations import Call, Nothing
from whatsapp_service.estados import Estado
from whatsapp_service.json_logging import log_event
from whatsapp_service.refusals import ChangeRefusedError, UnknownNotificationError

logger = logging.getLogger("whatsapp.notifications")


async def cancel(call: Call[Nothing, Nothing]) -> Response:
    """Cancel what has not been sent."""
    identifier = notification_id(call.request)
    try:
        done = await cancellation.cancel(
            call.context.database, identifier, now=call.context.clock(), by=call.caller
        )
    except ChangeRefusedError as error:
        raise _refused(error) from error
    if done.changed:
        log_event(
            logger, logging.INFO, "Notification cancelled", tags=("notification",), notification_id=done.id
        )
    return JSONResponse(Cancelled(id=done.id, estado=Estado.CANCELADA, cambiada=done.changed).model_dump())


async def requeue_one(call: Call[Nothing, RequeueRequest]) -> Response:
    """Send one again."""
    try:
        done = await requeue.requeue(
            call.context.database,
            notification_id(call.request),
            now=call.context.clock(),
            by=call.caller,
            include_unknown=call.body.incluir_desconocida,
        )
    except ChangeRefusedError as error:
        raise _refused(error) from error
    log_event(logger, logging.INFO, "Notification requeued", tags=("notification",), notification_id=done.id)
    answer = Requeued(id=done.id, estado=Estado.PENDIENTE, programada_para=timestamps.to_text(done.due))
    return JSONResponse(answer.model_dump())


async def requeue_many(call: Call[Nothing, RequeueFilter]) -> Response:
    """Send again what matches."""
    counts = await requeue.requeue_matching(
        call.context.database,
        call.body.to_domain(),
        now=call.context.clock(),
        by=call.caller,
        limit=call.body.maximo,
    )
    log_event(
        logger,
        logging.INFO,
        "Notifications requeued",
        tags=("notification",),
        requeued=counts.requeued,
        left=counts.left,
        empresa_id=call.body.empresa_id,
        plantilla_id=call.body.plantilla_id,
        codigo_error=call.body.codigo_error,
        clase_error=call.body.clase_error,
    )
    answer = RequeueCounts(reencoladas=counts.requeued, omitidas=counts.left, quedan=counts.more)
    return JSONResponse(answer.model_dump())


def _refused(error: ChangeRefusedError) -> ApiError:
    return ApiError(404 if isinstance(error, UnknownNotificationError) else 409, error.code, str(error))
