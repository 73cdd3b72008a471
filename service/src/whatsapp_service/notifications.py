"""Accepting and reading notifications."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

import orjson
from libsql_client import Client, InStatement, Row
from whatsapp_database import ConstraintError, rows, timestamps

from whatsapp_service.contacts import PhoneFault, phone_fault
from whatsapp_service.estados import Estado
from whatsapp_service.hours import BusinessHours, HoursError, parse_hours
from whatsapp_service.listing import COLUMNS
from whatsapp_service.templates import variable_names

_HOPELESS: Final = (PhoneFault.UNREADABLE, PhoneFault.WRONG_LENGTH)
"""What no numbering plan can make right; the other faults may be gaps in what libphonenumber knows."""

_HISTORY_LINES: Final = 1000
_NOTIFICATION: Final = f"""SELECT {COLUMNS}, whatsapp_message_id, request_id, facturable, cobro_categoria,
    cobro_tipo
FROM whatsapp_notificaciones WHERE id = ?"""  # noqa: S608 - constant columns
_HISTORY: Final = """SELECT estado_anterior, estado_nuevo, detalle, created_at
FROM whatsapp_historial_notificaciones WHERE notificacion_id = ? ORDER BY id LIMIT ?"""

COMPANY_KNOWN: Final = """SELECT EXISTS (SELECT 1 FROM whatsapp_contactos WHERE empresa_id = :company)
    OR EXISTS (SELECT 1 FROM whatsapp_configuracion_horarios WHERE empresa_id = :company) AS known
"""
"""There is no table of companies: one is known by its contacts or its hours."""

_TEMPLATE_BY_ID: Final = "SELECT * FROM whatsapp_plantillas_mensajes WHERE id = ?"
_TEMPLATE_BY_EVENT: Final = (
    "SELECT * FROM whatsapp_plantillas_mensajes WHERE evento = ? AND activo = 1 ORDER BY id DESC LIMIT 1"
)


class RejectedError(Exception):
    """The request cannot become a notification; `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class IdempotencyConflictError(RejectedError):
    """The same Idempotency-Key came with another request."""

    def __init__(self) -> None:
        super().__init__("idempotency_conflict", "this Idempotency-Key was used for a different request")


@dataclass(frozen=True, slots=True)
class NewNotification:
    """What a client asks for; one of `plantilla_id` and `evento` names the template."""

    empresa_id: int
    contacto_id: int
    plantilla_id: int | None
    evento: str | None
    valorizacion_id: int | None
    variables: dict[str, str | int | float]
    programada_para: datetime | None
    prioridad: int

    def fingerprint(self) -> str:
        """SHA-256 of the request, to tell a repetition from another request under the same key."""
        return hashlib.sha256(orjson.dumps(self, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class AcceptedNotification:
    """A stored notification; `replayed` when the Idempotency-Key had stored it before."""

    id: int
    estado: str
    programada_para: str
    created_at: str
    replayed: bool = False


async def accept(
    client: Client,
    new: NewNotification,
    *,
    now: datetime,
    operators_zone: tzinfo,
    client_name: str,
    idempotency_key: str | None = None,
    request_id: str | None = None,
) -> AcceptedNotification:
    """Store the notification as PENDIENTE, due at the asked time or the company's next opening.

    `request_id` is kept with it, from the request to the log line of its send. Raises RejectedError when
    company, contact or template cannot be used, IdempotencyConflictError for a reused key.
    """
    fingerprint = new.fingerprint()
    if idempotency_key is not None:
        earlier = await _find_earlier(client, client_name, idempotency_key, fingerprint)
        if earlier is not None:
            return earlier
    template, hours = await _check(client, new)
    due = _due(new.programada_para or now, hours, now)
    created_at = timestamps.to_text(now)
    statements: list[InStatement] = [
        (
            """INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, valorizacion_id,
            evento, variables, prioridad, programada_para, fecha_metrica, request_id, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
            (
                new.empresa_id,
                new.contacto_id,
                rows.integer(template, "id"),
                new.valorizacion_id,
                rows.text(template, "evento"),
                orjson.dumps(new.variables).decode(),
                new.prioridad,
                timestamps.to_text(due),
                now.astimezone(operators_zone).date().isoformat(),
                request_id,
                created_at,
                created_at,
            ),
        )
    ]
    if idempotency_key is not None:
        statements.append(
            (
                """INSERT INTO whatsapp_claves_idempotencia (cliente, clave, huella, notificacion_id,
                created_at) VALUES (?, ?, ?, last_insert_rowid(), ?)""",
                (client_name, idempotency_key, fingerprint, created_at),
            )
        )
    statements.append(
        (
            """INSERT INTO whatsapp_historial_notificaciones (notificacion_id, estado_nuevo, created_at)
            VALUES (last_insert_rowid(), 'PENDIENTE', ?)""",
            (created_at,),
        )
    )
    try:
        results = await client.batch(statements)
    except ConstraintError:
        if idempotency_key is not None:  # a twin request won the race
            earlier = await _find_earlier(client, client_name, idempotency_key, fingerprint)
            if earlier is not None:
                return earlier
        raise
    notification_id = rows.integer(results[0][0], "id")
    return AcceptedNotification(notification_id, Estado.PENDIENTE, timestamps.to_text(due), created_at)


async def find(client: Client, notification_id: int) -> dict[str, object] | None:
    """One notification with its history (`historial`, oldest line first), or None."""
    found, history = await client.batch(
        [(_NOTIFICATION, (notification_id,)), (_HISTORY, (notification_id, _HISTORY_LINES))]
    )
    if not found.rows:
        return None
    return {**found[0].asdict(), "historial": [line.asdict() for line in history]}


async def _check(client: Client, new: NewNotification) -> tuple[Row, BusinessHours | None]:
    by_id = new.plantilla_id is not None
    contacts, templates, hours, known = await client.batch(
        [
            (
                "SELECT empresa_id, activo, telefono FROM whatsapp_contactos WHERE id = ?",
                (new.contacto_id,),
            ),
            (
                _TEMPLATE_BY_ID if by_id else _TEMPLATE_BY_EVENT,
                (new.plantilla_id if by_id else new.evento,),
            ),
            (
                "SELECT * FROM whatsapp_configuracion_horarios WHERE empresa_id = ? AND activo = 1",
                (new.empresa_id,),
            ),
            (COMPANY_KNOWN, {"company": new.empresa_id}),
        ]
    )
    if not known[0]["known"]:
        raise RejectedError("company_not_found", "there is no such company: no contacts and no hours")
    if not contacts.rows or contacts[0]["empresa_id"] != new.empresa_id:
        raise RejectedError("contact_not_found", "the company has no such contact")
    if contacts[0]["activo"] != 1:
        raise RejectedError("contact_inactive", "the contact is not active")
    if phone_fault(rows.text(contacts[0], "telefono")) in _HOPELESS:
        raise RejectedError("phone_invalid", "the contact's phone number is not a possible number")
    if not templates.rows:
        raise RejectedError("template_not_found", "there is no such template")
    template = templates[0]
    if template["activo"] != 1:
        raise RejectedError("template_inactive", "the template is not active")
    for name in variable_names(rows.text(template, "variables")):
        if not str(new.variables.get(name, "")).strip():
            raise RejectedError("variable_missing", f"the template needs a value for the variable {name}")
    try:
        return template, parse_hours(hours[0]) if hours.rows else None
    except HoursError as error:
        raise RejectedError("hours_unusable", str(error)) from error


def _due(wanted: datetime, hours: BusinessHours | None, now: datetime) -> datetime:
    wanted = max(wanted, now)
    if hours is None:
        return wanted
    opening = hours.next_opening(wanted)
    if opening is None:
        raise RejectedError("never_open", "the company's hours have no day on which it may be written to")
    return opening


async def _find_earlier(
    client: Client, client_name: str, key: str, fingerprint: str
) -> AcceptedNotification | None:
    result = await client.execute(
        """SELECT c.huella, n.id, n.estado, n.programada_para, n.created_at
        FROM whatsapp_claves_idempotencia c JOIN whatsapp_notificaciones n ON n.id = c.notificacion_id
        WHERE c.cliente = ? AND c.clave = ?""",
        (client_name, key),
    )
    if not result.rows:
        return None
    row = result[0]
    if rows.text(row, "huella") != fingerprint:
        raise IdempotencyConflictError
    return AcceptedNotification(
        rows.integer(row, "id"),
        rows.text(row, "estado"),
        rows.text(row, "programada_para"),
        rows.text(row, "created_at"),
        replayed=True,
    )
