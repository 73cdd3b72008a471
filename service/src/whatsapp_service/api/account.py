"""Handlers of `/templates` and `/account-events`: what Meta says of templates and account."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel
from starlette.responses import Response

from whatsapp_service.account_events import list_events
from whatsapp_service.api.fields import DIGITS, QueryIdentifier
from whatsapp_service.api.operations import Call, Nothing
from whatsapp_service.pauses import Scope, active_pauses
from whatsapp_service.templates import list_templates


class TemplateItem(BaseModel):
    """A template; the `meta_*` are what Meta's webhooks last told of it."""

    id: int
    evento: str
    nombre: str = Field(description="Its name at Meta.")
    idioma: str
    categoria: str
    cuerpo: str
    variables: tuple[str, ...] = Field(description="The names of {{1}}, {{2}}, ... in order.")
    activo: bool
    updated_at: str
    meta_estado: str | None
    meta_calidad: str | None
    meta_categoria: str | None
    meta_motivo: str | None
    meta_at: str | None
    retenida: bool = Field(description="Its sending is paused now, by Meta or an operator.")


class TemplateList(RootModel[list[TemplateItem]]):
    """All templates by id."""


class EventsQuery(BaseModel):
    """Filter and page."""

    model_config = ConfigDict(extra="forbid")

    campo: Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")] | None = Field(None, description="Meta's field.")
    limite: Annotated[int, Field(ge=1, le=500), DIGITS] = 50
    antes_de: QueryIdentifier | None = Field(
        None, description="Only ids below this one: `siguiente` of the page before."
    )


class AccountEventItem(BaseModel):
    """One event."""

    id: int
    campo: str = Field(description="Meta's webhook field.")
    evento: str | None = Field(description="APPROVED, PAUSED, ONBOARDING, ...")
    objeto: str | None = Field(description="The template's name, or what else it is about.")
    detalle: dict[str, Any]
    ocurrido_at: str
    received_at: str


class EventsPage(BaseModel):
    """Events, newest first."""

    eventos: list[AccountEventItem]
    limite: int
    siguiente: int | None = Field(description="`antes_de` of the next page; null on the last.")


async def templates(call: Call[Nothing, Nothing]) -> Response:
    """All templates, as a list."""
    context = call.context
    found = await list_templates(context.database, context.cache)
    held = {
        pause.object_id
        for pause in await active_pauses(context.database, context.clock())
        if pause.scope is Scope.TEMPLATE
    }
    answer = TemplateList([TemplateItem(**asdict(one), retenida=one.id in held) for one in found])
    return Response(answer.model_dump_json(), media_type="application/json")


async def account_events(call: Call[EventsQuery, Nothing]) -> Response:
    """A page of events, newest first."""
    query = call.query
    found = await list_events(
        call.context.database, field=query.campo, before=query.antes_de, limit=query.limite + 1
    )
    items = [
        AccountEventItem(
            id=event.id,
            campo=event.field,
            evento=event.event,
            objeto=event.subject,
            detalle=event.detail,
            ocurrido_at=event.occurred_at,
            received_at=event.received_at,
        )
        for event in found[: query.limite]
    ]
    more = len(found) > query.limite
    answer = EventsPage(eventos=items, limite=query.limite, siguiente=items[-1].id if more else None)
    return Response(answer.model_dump_json(), media_type="application/json")
