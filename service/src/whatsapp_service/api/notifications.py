"""Handlers of `/api/notifications`: accept, list, show, process, templates."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from whatsapp_database import timestamps

from whatsapp_service import notifications
from whatsapp_service.api.bodies import integer_parameter, read_model
from whatsapp_service.api.context import context_of
from whatsapp_service.api.errors import ApiError
from whatsapp_service.estados import Estado
from whatsapp_service.json_logging import log_event
from whatsapp_service.scheduler.state import request_wake
from whatsapp_service.templates import list_templates

logger = logging.getLogger("whatsapp.notifications")

Identifier = Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Value = Annotated[StrictStr, Field(max_length=1024)] | StrictInt | StrictFloat


class NotificationRequest(BaseModel):
    """Body of POST /api/notifications."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    empresa_id: Identifier
    contacto_id: Identifier
    plantilla_id: Identifier | None = None
    evento: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    valorizacion_id: Identifier | None = None
    variables: Annotated[dict[Name, Value], Field(max_length=50)] = {}
    programada_para: AwareDatetime | None = None
    prioridad: Annotated[StrictInt, Field(ge=0, le=2)] = 0

    @model_validator(mode="after")
    def _names_one_template(self) -> Self:
        if (self.plantilla_id is None) == (self.evento is None):
            raise ValueError("give one of plantilla_id and evento")
        return self

    def to_domain(self) -> notifications.NewNotification:
        """The same without pydantic."""
        scheduled: datetime | None = self.programada_para
        return notifications.NewNotification(
            empresa_id=self.empresa_id,
            contacto_id=self.contacto_id,
            plantilla_id=self.plantilla_id,
            evento=self.evento,
            valorizacion_id=self.valorizacion_id,
            variables=dict(self.variables),
            programada_para=scheduled,
            prioridad=self.prioridad,
        )


async def create(request: Request) -> Response:
    """POST /api/notifications: 201, or 200 when the Idempotency-Key had stored it before."""
    context = context_of(request)
    caller = await context.authenticator.require(request, "operate")
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise ApiError(422, "invalid_header", "Idempotency-Key may have 255 characters")
    body = await read_model(request, NotificationRequest)
    try:
        accepted = await notifications.accept(
            context.database,
            body.to_domain(),
            now=context.clock(),
            operators_zone=context.settings.timezone,
            client_name=caller,
            idempotency_key=key,
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
    answer = asdict(accepted)
    replayed = answer.pop("replayed")
    return JSONResponse(answer, 200 if replayed else 201)


async def index(request: Request) -> Response:
    """GET /api/notifications: a page, newest first."""
    context = context_of(request)
    await context.authenticator.require(request, "read")
    estado = _estado_parameter(request)
    limit = integer_parameter(request, "limite", default=50, minimum=1, maximum=500)
    offset = integer_parameter(request, "offset", default=0, minimum=0, maximum=10_000_000)
    page, total = await notifications.list_page(context.database, estado, limit=limit, offset=offset)
    return JSONResponse({"notificaciones": page, "total": total, "limite": limit})


async def show(request: Request) -> Response:
    """GET /api/notifications/{id}."""
    context = context_of(request)
    await context.authenticator.require(request, "read")
    found = await notifications.find(context.database, min(request.path_params["id"], 2**63 - 1))
    if found is None:
        raise ApiError(404, "not_found", "there is no such notification")
    return JSONResponse(found)


async def process_pending(request: Request) -> Response:
    """POST /api/notifications/process-pending: wake the scheduler for what is due."""
    context = context_of(request)
    await context.authenticator.require(request, "operate")
    limit = integer_parameter(
        request, "limit", default=context.settings.batch_size, minimum=1, maximum=10_000
    )
    figures = await context.figures()
    now = context.clock()
    await request_wake(context.database, now)
    answer = {
        "pendientes": figures.due,
        "limite": limit,
        "aceptadas": min(limit, figures.due),
        "solicitado_at": timestamps.to_text(now),
    }
    return JSONResponse(answer, 202)


async def templates(request: Request) -> Response:
    """GET /api/notifications/templates: all of them, as a list."""
    context = context_of(request)
    await context.authenticator.require(request, "read")
    found = await list_templates(context.database, context.cache)
    return JSONResponse([asdict(template) for template in found])


def _estado_parameter(request: Request) -> Estado | None:
    text = request.query_params.get("estado")
    if text is None:
        return None
    try:
        return Estado(text)
    except ValueError as error:
        raise ApiError(422, "invalid_parameter", f"estado must be one of {', '.join(Estado)}") from error
