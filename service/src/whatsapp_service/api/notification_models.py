"""What clients send to and get from `/api/notifications`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from whatsapp_service import listing, notifications, requeue
from whatsapp_service.api.fields import (
    DIGITS,
    LARGEST,
    WHOLE,
    Identifier,
    Moment,
    QueryIdentifier,
    Text,
    VariableName,
    VariableValue,
)
from whatsapp_service.estados import Estado
from whatsapp_service.graph.errors import ErrorClass

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-02T13:00:00.000Z"])]


class NotificationRequest(BaseModel):
    """A notification to send; one of `plantilla_id` and `evento` names the template."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"empresa_id": 7, "contacto_id": 1, "plantilla_id": 1, "variables": {"nombre": "Ana"}}
            ]
        },
    )

    empresa_id: Identifier
    contacto_id: Identifier
    plantilla_id: Identifier | None = None
    evento: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    valorizacion_id: Identifier | None = None
    variables: Annotated[dict[VariableName, VariableValue], Field(max_length=50)] = Field(
        {}, description="A value for each name in the template's `variables`."
    )
    programada_para: Moment | None = Field(
        None, description="Not before this time; the company's hours may make it later."
    )
    prioridad: Annotated[int, Field(ge=0, le=2), WHOLE] = Field(0, description="2 goes first.")

    @model_validator(mode="after")
    def _names_one_template(self) -> Self:
        if (self.plantilla_id is None) == (self.evento is None):
            raise ValueError("give one of plantilla_id and evento")
        return self

    def to_domain(self) -> notifications.NewNotification:
        """The same without pydantic."""
        return notifications.NewNotification(
            empresa_id=self.empresa_id,
            contacto_id=self.contacto_id,
            plantilla_id=self.plantilla_id,
            evento=self.evento,
            valorizacion_id=self.valorizacion_id,
            variables=dict(self.variables),
            programada_para=self.programada_para,
            prioridad=self.prioridad,
        )


class Accepted(BaseModel):
    """The stored notification."""

    id: int
    estado: Estado
    programada_para: Time = Field(description="When it may leave.")
    created_at: Time


class ListQuery(BaseModel):
    """Filters and page of a list."""

    model_config = ConfigDict(extra="forbid")

    estado: tuple[Estado, ...] = Field((), description="May be given several times.")
    empresa_id: QueryIdentifier | None = None
    contacto_id: QueryIdentifier | None = None
    plantilla_id: QueryIdentifier | None = None
    valorizacion_id: QueryIdentifier | None = None
    codigo_error: Annotated[int, Field(ge=-LARGEST, le=LARGEST), DIGITS] | None = Field(
        None, description="Meta's code."
    )
    clase_error: ErrorClass | None = None
    desde: Moment | None = Field(None, description="Created at this time or later.")
    hasta: Moment | None = Field(None, description="Created before this time.")
    limite: Annotated[int, Field(ge=1, le=500), DIGITS] = 50
    offset: Annotated[int, Field(ge=0, le=10_000_000), DIGITS] = Field(
        0, description="Costs what it skips; `antes_de` costs nothing."
    )
    antes_de: QueryIdentifier | None = Field(
        None, description="Only ids below this one: `siguiente` of the page before."
    )

    def to_domain(self) -> listing.Filter:
        """The filter without the page."""
        return listing.Filter(
            estados=self.estado,
            empresa_id=self.empresa_id,
            contacto_id=self.contacto_id,
            plantilla_id=self.plantilla_id,
            valorizacion_id=self.valorizacion_id,
            codigo_error=self.codigo_error,
            clase_error=self.clase_error,
            since=self.desde,
            until=self.hasta,
        )


class NotificationSummary(BaseModel):
    """One notification in a list; never the contact's number."""

    id: int
    empresa_id: int
    contacto_id: int
    plantilla_id: int
    valorizacion_id: int | None
    evento: str
    estado: Estado
    prioridad: int
    intentos: int
    ultimo_error: str | None
    codigo_error: int | None = Field(description="Meta's code.")
    clase_error: str | None
    programada_para: str
    created_at: str
    updated_at: str
    enviada_at: str | None
    entregada_at: str | None
    leida_at: str | None
    fallida_at: str | None


class HistoryLine(BaseModel):
    """One change of state."""

    estado_anterior: str | None
    estado_nuevo: str
    detalle: str | None
    created_at: str


class NotificationDetail(NotificationSummary):
    """One notification with its history, oldest line first."""

    whatsapp_message_id: str | None
    request_id: str | None = Field(description="The request that asked for it.")
    facturable: bool | None = Field(description="Whether Meta charges for it.")
    cobro_categoria: str | None
    cobro_tipo: str | None
    historial: list[HistoryLine]


class NotificationPage(BaseModel):
    """A page of a list, newest first."""

    notificaciones: list[NotificationSummary]
    total: int = Field(description="How many match, whatever the page.")
    total_exacto: bool = Field(description="False: there are more than `total`.")
    limite: int
    siguiente: int | None = Field(description="`antes_de` of the next page; null on the last.")


class Cancelled(BaseModel):
    """The cancelled notification."""

    id: int
    estado: Estado
    cambiada: bool = Field(description="False: it had been cancelled before.")


class RequeueRequest(BaseModel):
    """How one notification is sent again."""

    model_config = ConfigDict(extra="forbid")

    incluir_desconocida: bool = Field(
        default=False,
        strict=True,
        description="Also from DESCONOCIDA: the contact may get the message twice.",
    )


class Requeued(BaseModel):
    """The notification that is PENDIENTE again."""

    id: int
    estado: Estado
    programada_para: Time = Field(description="When it may leave.")


class RequeueFilter(BaseModel):
    """Which failed notifications are sent again, oldest first."""

    model_config = ConfigDict(extra="forbid")

    empresa_id: Identifier | None = None
    plantilla_id: Identifier | None = None
    codigo_error: Annotated[int, Field(ge=-LARGEST, le=LARGEST), WHOLE] | None = Field(
        None, description="Meta's code."
    )
    clase_error: ErrorClass | None = None
    desde: Moment | None = Field(None, description="Created at this time or later.")
    hasta: Moment | None = Field(None, description="Created before this time.")
    incluir_desconocidas: bool = Field(
        default=False,
        strict=True,
        description="Also those in DESCONOCIDA: their contacts may get the message twice.",
    )
    maximo: Annotated[int, Field(ge=1, le=10_000), WHOLE] = 1000

    def to_domain(self) -> requeue.Selection:
        """The same without pydantic and `maximo`."""
        since: datetime | None = self.desde
        return requeue.Selection(
            empresa_id=self.empresa_id,
            plantilla_id=self.plantilla_id,
            codigo_error=self.codigo_error,
            clase_error=self.clase_error,
            since=since,
            until=self.hasta,
            include_unknown=self.incluir_desconocidas,
        )


class RequeueCounts(BaseModel):
    """What became of those that matched."""

    reencoladas: int = Field(description="PENDIENTE again.")
    omitidas: int = Field(description="Left: their company never opens, or their send has no answer yet.")
    quedan: bool = Field(description="More match: ask again.")


class ProcessQuery(BaseModel):
    """How many are wanted."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=10_000), DIGITS] | None = Field(
        None, description="Default: BATCH_SIZE. The scheduler goes on while something is due."
    )


class ProcessAnswer(BaseModel):
    """What the scheduler was woken for."""

    pendientes: int = Field(description="Due now.")
    limite: int
    aceptadas: int
    solicitado_at: Time
