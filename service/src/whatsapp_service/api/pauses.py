"""Handlers of `/api/notifications/pauses`: stopping and resuming sending."""

from __future__ import annotations

import logging
from typing import Annotated, Self

from libsql_client import Client
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import JSONResponse, Response
from whatsapp_database import timestamps

from whatsapp_service.api.context import ApiContext
from whatsapp_service.api.errors import ApiError
from whatsapp_service.api.fields import DIGITS, LARGEST, WHOLE, Moment, Text
from whatsapp_service.api.operations import Call, Nothing
from whatsapp_service.json_logging import log_event
from whatsapp_service.notifications import COMPANY_KNOWN
from whatsapp_service.pauses import Origin, Pause, Scope, active_pauses, pause, resume
from whatsapp_service.scheduler.state import request_wake

logger = logging.getLogger("whatsapp.pauses")

ObjectId = Annotated[int, Field(ge=0, le=LARGEST), WHOLE]


class PauseRequest(BaseModel):
    """What is stopped: everything, one company or one template."""

    model_config = ConfigDict(extra="forbid")

    alcance: Scope
    objeto_id: ObjectId = Field(0, description="The company or template; 0 or left out with `todo`.")
    motivo: Annotated[Text, Field(min_length=1, max_length=300)]
    hasta: Moment | None = Field(None, description="Ends by itself then; null: until it is resumed.")

    @model_validator(mode="after")
    def _names_its_object(self) -> Self:
        require_object(self.alcance, self.objeto_id)
        return self


class ResumeQuery(BaseModel):
    """What may be sent again."""

    model_config = ConfigDict(extra="forbid")

    alcance: Scope
    objeto_id: Annotated[int, Field(ge=0, le=LARGEST), DIGITS] = Field(
        0, description="The company or template; 0 or left out with `todo`."
    )

    @model_validator(mode="after")
    def _names_its_object(self) -> Self:
        require_object(self.alcance, self.objeto_id)
        return self


class PauseItem(BaseModel):
    """One pause in force."""

    alcance: Scope
    objeto_id: int = Field(description="The company or template; 0 with `todo`.")
    origen: Origin = Field(description="`operador` until resumed, `meta` after an error of Meta's.")
    motivo: str
    codigo_error: int | None
    clase_error: str | None
    creada_por: str
    desde: str
    hasta: str | None


class PauseList(BaseModel):
    """The pauses in force, everything first."""

    pausas: list[PauseItem]


class Resumed(BaseModel):
    """How many pauses ended."""

    terminadas: int


def require_object(scope: Scope, object_id: int) -> None:
    """Raise ValueError unless the scope has an object exactly when it needs one."""
    if (scope is Scope.EVERYTHING) != (object_id == 0):
        raise ValueError("objeto_id belongs to empresa and plantilla, not to todo")


def pause_item(found: Pause) -> PauseItem:
    """The pause as clients see it."""
    return PauseItem(
        alcance=found.scope,
        objeto_id=found.object_id,
        origen=found.origin,
        motivo=found.reason,
        codigo_error=found.error_code,
        clase_error=found.error_class,
        creada_por=found.created_by,
        desde=timestamps.to_text(found.since),
        hasta=None if found.until is None else timestamps.to_text(found.until),
    )


async def index(call: Call[Nothing, Nothing]) -> Response:
    """The pauses in force."""
    return await _in_force(call.context, 200)


async def create(call: Call[Nothing, PauseRequest]) -> Response:
    """Stop sending."""
    wanted, now = call.body, call.context.clock()
    await _check_object(call.context.database, wanted.alcance, wanted.objeto_id)
    if wanted.hasta is not None and wanted.hasta <= now:
        raise ApiError(422, "invalid_field", "hasta: is in the past")
    new = Pause(
        scope=wanted.alcance,
        object_id=wanted.objeto_id,
        origin=Origin.OPERATOR,
        reason=wanted.motivo,
        error_code=None,
        error_class=None,
        created_by=call.caller,
        since=now,
        until=wanted.hasta,
    )
    await pause(call.context.database, new)
    log_event(
        logger,
        logging.WARNING,
        "Sending paused",
        tags=("pause",),
        scope=wanted.alcance.value,
        object_id=wanted.objeto_id,
        until=None if wanted.hasta is None else timestamps.to_text(wanted.hasta),
    )
    return await _in_force(call.context, 201)


async def delete(call: Call[ResumeQuery, Nothing]) -> Response:
    """Resume sending."""
    wanted = call.query
    database = call.context.database
    ended = await resume(database, wanted.alcance, wanted.objeto_id)
    await request_wake(database, call.context.clock())
    log_event(
        logger,
        logging.WARNING,
        "Sending resumed",
        tags=("pause",),
        scope=wanted.alcance.value,
        object_id=wanted.objeto_id,
        ended=ended,
    )
    return JSONResponse(Resumed(terminadas=ended).model_dump())


async def _in_force(context: ApiContext, status: int) -> Response:
    found = await active_pauses(context.database, context.clock())
    return JSONResponse(PauseList(pausas=[pause_item(one) for one in found]).model_dump(), status)


async def _check_object(database: Client, scope: Scope, object_id: int) -> None:
    """A pause of something that does not exist would let the operator believe that it holds."""
    if scope is Scope.COMPANY:
        known = await database.execute(COMPANY_KNOWN, {"company": object_id})
        if not known[0]["known"]:
            raise ApiError(422, "company_not_found", "there is no such company: no contacts and no hours")
    if scope is Scope.TEMPLATE:
        found = await database.execute(
            "SELECT 1 FROM whatsapp_plantillas_mensajes WHERE id = ?", (object_id,)
        )
        if not found.rows:
            raise ApiError(422, "template_not_found", "there is no such template")
