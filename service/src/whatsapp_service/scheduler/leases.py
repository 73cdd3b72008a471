"""Leasing due notifications: one scheduler at a time has a row, for a limited time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import orjson
from libsql_client import Client, InValue, Row
from whatsapp_database import rows, timestamps

from whatsapp_service.hours import BusinessHours, HoursError, parse_hours
from whatsapp_service.pauses import Pause, Scope
from whatsapp_service.templates import variable_names

_NOT_PAUSED: Final = """
    AND NOT (empresa_id IN (SELECT value FROM json_each(:companies))
        OR plantilla_id IN (SELECT value FROM json_each(:templates)))"""
# A priority after the other, so that the index gives each in the order of its due time without sorting.
_OF_PRIORITY: Final = """
    SELECT id FROM (SELECT id FROM whatsapp_notificaciones
        WHERE estado = 'PENDIENTE' AND prioridad = {priority} AND programada_para <= :now
        AND envio_iniciado_at IS NULL AND (reservada_hasta IS NULL OR reservada_hasta <= :now){not_paused}
        ORDER BY programada_para LIMIT :limit)"""
_READ: Final = """
SELECT n.id, n.empresa_id, n.contacto_id, n.plantilla_id, n.valorizacion_id, n.variables, n.intentos,
    n.request_id, c.telefono, c.activo AS contacto_activo, p.nombre, p.idioma,
    p.activo AS plantilla_activa, p.variables AS nombres,
    h.zona_horaria, h.hora_inicio, h.hora_fin, h.dias
FROM whatsapp_notificaciones n
JOIN whatsapp_contactos c ON c.id = n.contacto_id
JOIN whatsapp_plantillas_mensajes p ON p.id = n.plantilla_id
LEFT JOIN whatsapp_configuracion_horarios h ON h.empresa_id = n.empresa_id AND h.activo = 1
WHERE n.id IN (SELECT value FROM json_each(?))
ORDER BY n.prioridad DESC, n.programada_para, n.id
"""
# The plus sign keeps SQLite off the index of all pending rows: the few begun sends have one of their own.
_ABANDONED: Final = "envio_iniciado_at IS NOT NULL AND reservada_hasta <= :now AND +estado = 'PENDIENTE'"


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A leased notification with what its message needs; `attempts` counts the sends before this one.

    `hours` is None when the company may be written to at any time; `hours_fault` says why they are unusable.
    """

    id: int
    empresa_id: int
    contacto_id: int
    plantilla_id: int
    valorizacion_id: int | None
    request_id: str | None
    phone: str
    contact_active: bool
    template: str
    language: str
    template_active: bool
    variable_names: tuple[str, ...]
    variables: dict[str, Any]
    attempts: int
    hours: BusinessHours | None
    hours_fault: str | None


async def lease(
    client: Client,
    *,
    owner: str,
    now: datetime,
    duration: timedelta,
    limit: int,
    pauses: Sequence[Pause] = (),
) -> list[DueNotification]:
    """Lease up to `limit` due notifications, urgent and oldest first, without those that are paused."""
    companies = [pause.object_id for pause in pauses if pause.scope is Scope.COMPANY]
    templates = [pause.object_id for pause in pauses if pause.scope is Scope.TEMPLATE]
    arguments: dict[str, InValue] = {
        "owner": owner,
        "now": timestamps.to_text(now),
        "until": timestamps.to_text(now + duration),
        "limit": limit,
    }
    paused = bool(companies or templates)
    if paused:
        arguments |= {
            "companies": orjson.dumps(companies).decode(),
            "templates": orjson.dumps(templates).decode(),
        }
    leased = await client.execute(_lease_sql(paused), arguments)
    if not leased.rows:
        return []
    ids = orjson.dumps([rows.integer(row, "id") for row in leased]).decode()
    return [_due(row) for row in await client.execute(_READ, (ids,))]


async def release(client: Client, notification_ids: list[int], *, owner: str) -> None:
    """Give leased notifications back, unsent."""
    await client.execute(
        """UPDATE whatsapp_notificaciones SET reservada_por = NULL, reservada_hasta = NULL
        WHERE id IN (SELECT value FROM json_each(?)) AND reservada_por = ? AND envio_iniciado_at IS NULL""",
        (orjson.dumps(notification_ids).decode(), owner),
    )


async def settle_abandoned(client: Client, now: datetime) -> int:
    """Mark sends whose process ended before the answer as DESCONOCIDA; returns how many."""
    moment = {"now": timestamps.to_text(now)}
    found = await client.execute(
        f"SELECT 1 FROM whatsapp_notificaciones WHERE {_ABANDONED} LIMIT 1",  # noqa: S608 - constant texts
        moment,
    )
    if not found.rows:
        return 0
    _, settled = await client.batch(
        [
            (
                f"""INSERT INTO whatsapp_historial_notificaciones
                    (notificacion_id, estado_anterior, estado_nuevo, detalle, created_at)
                SELECT id, estado, 'DESCONOCIDA', 'the sender ended before the answer', :now
                FROM whatsapp_notificaciones WHERE {_ABANDONED}""",  # noqa: S608 - constant texts
                moment,
            ),
            (
                f"""UPDATE whatsapp_notificaciones SET estado = 'DESCONOCIDA', envio_iniciado_at = NULL,
                    reservada_por = NULL, reservada_hasta = NULL, clase_error = 'unknown_outcome',
                    ultimo_error = 'the sender ended before the answer', updated_at = :now
                WHERE {_ABANDONED}""",  # noqa: S608 - constant texts
                moment,
            ),
        ]
    )
    return settled.rows_affected


@lru_cache(maxsize=2)
def _lease_sql(paused: bool) -> str:
    not_paused = _NOT_PAUSED if paused else ""
    selects = "\n    UNION ALL".join(
        _OF_PRIORITY.format(priority=priority, not_paused=not_paused) for priority in (2, 1, 0)
    )
    return f"""UPDATE whatsapp_notificaciones SET reservada_por = :owner, reservada_hasta = :until
WHERE id IN ({selects}
    LIMIT :limit
)
RETURNING id"""  # noqa: S608 - constant texts


def _due(row: Row) -> DueNotification:
    variables = orjson.loads(rows.text(row, "variables"))
    hours: BusinessHours | None = None
    fault: str | None = None
    if row["zona_horaria"] is not None:
        try:
            hours = parse_hours(row)
        except HoursError as error:
            fault = str(error)
    return DueNotification(
        id=rows.integer(row, "id"),
        empresa_id=rows.integer(row, "empresa_id"),
        contacto_id=rows.integer(row, "contacto_id"),
        plantilla_id=rows.integer(row, "plantilla_id"),
        valorizacion_id=rows.optional_integer(row, "valorizacion_id"),
        request_id=rows.optional_text(row, "request_id"),
        phone=rows.text(row, "telefono"),
        contact_active=rows.integer(row, "contacto_activo") == 1,
        template=rows.text(row, "nombre"),
        language=rows.text(row, "idioma"),
        template_active=rows.integer(row, "plantilla_activa") == 1,
        variable_names=variable_names(rows.text(row, "nombres")),
        variables=variables if isinstance(variables, dict) else {},
        attempts=rows.integer(row, "intentos"),
        hours=hours,
        hours_fault=fault,
    )
