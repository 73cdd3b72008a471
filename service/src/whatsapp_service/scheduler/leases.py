"""Leasing due notifications: one scheduler at a time has a row, for a limited time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from libsql_client import Client, Row
from whatsapp_database import rows, timestamps

from whatsapp_service.templates import variable_names

_LEASE: Final = """
UPDATE whatsapp_notificaciones SET reservada_por = :owner, reservada_hasta = :until
WHERE id IN (
    SELECT id FROM (SELECT id FROM whatsapp_notificaciones WHERE estado = 'PENDIENTE' AND prioridad = 2
        AND programada_para <= :now AND envio_iniciado_at IS NULL
        AND (reservada_hasta IS NULL OR reservada_hasta <= :now) ORDER BY programada_para LIMIT :limit)
    UNION ALL
    SELECT id FROM (SELECT id FROM whatsapp_notificaciones WHERE estado = 'PENDIENTE' AND prioridad = 1
        AND programada_para <= :now AND envio_iniciado_at IS NULL
        AND (reservada_hasta IS NULL OR reservada_hasta <= :now) ORDER BY programada_para LIMIT :limit)
    UNION ALL
    SELECT id FROM (SELECT id FROM whatsapp_notificaciones WHERE estado = 'PENDIENTE' AND prioridad = 0
        AND programada_para <= :now AND envio_iniciado_at IS NULL
        AND (reservada_hasta IS NULL OR reservada_hasta <= :now) ORDER BY programada_para LIMIT :limit)
    LIMIT :limit
)
RETURNING id
"""
_READ: Final = """
SELECT n.id, n.empresa_id, n.contacto_id, n.valorizacion_id, n.variables, n.intentos, c.telefono,
    c.activo AS contacto_activo, p.nombre, p.idioma, p.activo AS plantilla_activa, p.variables AS nombres
FROM whatsapp_notificaciones n
JOIN whatsapp_contactos c ON c.id = n.contacto_id
JOIN whatsapp_plantillas_mensajes p ON p.id = n.plantilla_id
WHERE n.id IN (SELECT value FROM json_each(?))
ORDER BY n.prioridad DESC, n.programada_para, n.id
"""
# The plus sign keeps SQLite off the index of all pending rows: the few begun sends have one of their own.
_ABANDONED: Final = "envio_iniciado_at IS NOT NULL AND reservada_hasta <= :now AND +estado = 'PENDIENTE'"


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A leased notification with what its message needs; `attempts` counts the sends before this one."""

    id: int
    empresa_id: int
    contacto_id: int
    valorizacion_id: int | None
    phone: str
    contact_active: bool
    template: str
    language: str
    template_active: bool
    variable_names: tuple[str, ...]
    variables: dict[str, Any]
    attempts: int


async def lease(
    client: Client, *, owner: str, now: datetime, duration: timedelta, limit: int
) -> list[DueNotification]:
    """Lease up to `limit` due notifications, urgent ones first, oldest first."""
    leased = await client.execute(
        _LEASE,
        {
            "owner": owner,
            "now": timestamps.to_text(now),
            "until": timestamps.to_text(now + duration),
            "limit": limit,
        },
    )
    if not leased.rows:
        return []
    ids = orjson.dumps([rows.integer(row, "id") for row in leased]).decode()
    return [_due(row) for row in await client.execute(_READ, (ids,))]


async def begin_attempt(
    client: Client, notification_id: int, *, owner: str, now: datetime, until: datetime
) -> bool:
    """Record that the request is about to leave; False when the lease was lost, then nothing may be sent.

    From here on a crash leaves the outcome unknown, so the row is never sent again by itself.
    """
    result = await client.execute(
        """UPDATE whatsapp_notificaciones SET intentos = intentos + 1, envio_iniciado_at = ?, reservada_hasta
        = ? WHERE id = ? AND estado = 'PENDIENTE' AND reservada_por = ? AND envio_iniciado_at IS NULL AND
        reservada_hasta > ?""",
        (timestamps.to_text(now), timestamps.to_text(until), notification_id, owner, timestamps.to_text(now)),
    )
    return result.rows_affected == 1


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


def _due(row: Row) -> DueNotification:
    variables = orjson.loads(rows.text(row, "variables"))
    return DueNotification(
        id=rows.integer(row, "id"),
        empresa_id=rows.integer(row, "empresa_id"),
        contacto_id=rows.integer(row, "contacto_id"),
        valorizacion_id=rows.optional_integer(row, "valorizacion_id"),
        phone=rows.text(row, "telefono"),
        contact_active=rows.integer(row, "contacto_activo") == 1,
        template=rows.text(row, "nombre"),
        language=rows.text(row, "idioma"),
        template_active=rows.integer(row, "plantilla_activa") == 1,
        variable_names=variable_names(rows.text(row, "nombres")),
        variables=variables if isinstance(variables, dict) else {},
        attempts=rows.integer(row, "intentos"),
    )
