"""Handlers of `/admin/contacts`: checking phone numbers and listing the bad ones."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from whatsapp_service.api.fields import DIGITS, LARGEST, WHOLE, Identifier, QueryIdentifier
from whatsapp_service.api.operations import Call, Nothing
from whatsapp_service.contacts import list_bad, validate_phones
from whatsapp_service.json_logging import log_event

logger = logging.getLogger("whatsapp.contacts")


class ValidationRequest(BaseModel):
    """Which contacts are checked; without a body all of them, from the first."""

    model_config = ConfigDict(extra="forbid")

    empresa_id: Identifier | None = None
    ids: Annotated[list[Identifier], Field(min_length=1, max_length=1000)] | None = None
    despues_de: Annotated[int, Field(ge=0, le=LARGEST), WHOLE] = Field(
        0, description="Only ids above this one: `siguiente` of the call before."
    )
    maximo: Annotated[int, Field(ge=1, le=10_000), WHOLE] = 10_000


class ValidationCounts(BaseModel):
    """What the check found."""

    revisados: int
    validos: int = Field(description="Can be mobile numbers.")
    invalidos: int
    cambiados: tuple[int, ...] = Field(description="Contacts with another finding than before.")
    siguiente: int | None = Field(description="`despues_de` of the next call; null when all are checked.")


class BadPhonesQuery(BaseModel):
    """Filter and page."""

    model_config = ConfigDict(extra="forbid")

    empresa_id: QueryIdentifier | None = None
    limite: Annotated[int, Field(ge=1, le=500), DIGITS] = 100
    despues_de: Annotated[int, Field(ge=0, le=LARGEST), DIGITS] = Field(
        0, description="Only ids above this one: `siguiente` of the page before."
    )


class BadContactItem(BaseModel):
    """A contact whose number cannot be written to."""

    id: int
    empresa_id: int
    nombre: str
    telefono: str
    activo: bool
    motivo: str | None = Field(
        description="Why it is no mobile number: unreadable, wrong_length, not_assigned, not_mobile."
    )
    telefono_revisado_at: str | None
    telefono_rechazado_at: str | None = Field(description="When Meta last refused it.")
    codigo_error: int | None = Field(description="Meta's code then.")


class BadPhonesPage(BaseModel):
    """Contacts by id."""

    contactos: list[BadContactItem]
    limite: int
    siguiente: int | None = Field(description="`despues_de` of the next page; null on the last.")


async def validate(call: Call[Nothing, ValidationRequest]) -> Response:
    """Check numbers and store what was found."""
    wanted = call.body
    found = await validate_phones(
        call.context.database,
        now=call.context.clock(),
        empresa_id=wanted.empresa_id,
        ids=wanted.ids,
        after=wanted.despues_de,
        limit=wanted.maximo,
    )
    log_event(
        logger,
        logging.INFO,
        "Phone numbers checked",
        tags=("contact",),
        checked=found.checked,
        invalid=found.invalid,
        changed=len(found.changed),
    )
    answer = ValidationCounts(
        revisados=found.checked,
        validos=found.valid,
        invalidos=found.invalid,
        cambiados=found.changed,
        siguiente=found.next_after,
    )
    return JSONResponse(answer.model_dump())


async def bad_phones(call: Call[BadPhonesQuery, Nothing]) -> Response:
    """A page of contacts with bad numbers."""
    query = call.query
    found = await list_bad(
        call.context.database,
        empresa_id=query.empresa_id,
        after=query.despues_de,
        limit=query.limite + 1,
    )
    items = [BadContactItem(**asdict(contact)) for contact in found[: query.limite]]
    more = len(found) > query.limite
    log_event(logger, logging.INFO, "Bad phone numbers shown", tags=("contact",), contacts=len(items))
    answer = BadPhonesPage(contactos=items, limite=query.limite, siguiente=items[-1].id if more else None)
    return JSONResponse(answer.model_dump())
