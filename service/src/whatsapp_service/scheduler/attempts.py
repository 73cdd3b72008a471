"""Beginning a send: the last look at the row before the request leaves, and the mark that it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from libsql_client import Client, InValue
from whatsapp_database import rows, timestamps

from whatsapp_service.pauses import IN_FORCE
from whatsapp_service.scheduler.pace import RECIPIENT_TOLERANCE, pace_recipient

_BEGIN: Final = f"""
UPDATE whatsapp_notificaciones SET intentos = intentos + 1, envio_numero = envio_numero + 1,
    envio_iniciado_at = :now, reservada_hasta = :until
WHERE id = :id AND estado = 'PENDIENTE' AND reservada_por = :owner AND envio_iniciado_at IS NULL
    AND reservada_hasta > :now
    AND NOT EXISTS (SELECT 1 FROM whatsapp_ritmo_destinatarios
        WHERE telefono = :phone AND libre_desde > :tolerated)
    AND NOT EXISTS (SELECT 1 FROM whatsapp_pausas_envio p WHERE {IN_FORCE} AND (p.alcance = 'todo'
        OR (p.alcance = 'empresa' AND p.objeto_id = whatsapp_notificaciones.empresa_id)
        OR (p.alcance = 'plantilla' AND p.objeto_id = whatsapp_notificaciones.plantilla_id)))
RETURNING envio_numero
"""  # noqa: S608 - constant texts
_WHY_NOT: Final = """
SELECT n.estado = 'PENDIENTE' AND n.reservada_por = :owner AND n.envio_iniciado_at IS NULL
    AND n.reservada_hasta > :now AS leased, d.libre_desde
FROM whatsapp_notificaciones n LEFT JOIN whatsapp_ritmo_destinatarios d ON d.telefono = :phone
WHERE n.id = :id
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """The request may leave now; `send_number` tells this send from earlier ones."""

    send_number: int


@dataclass(frozen=True, slots=True)
class RecipientBusy:
    """Meta's limit for one recipient is used up until `free_at` (UTC)."""

    free_at: datetime


@dataclass(frozen=True, slots=True)
class Paused:
    """Sending was paused meanwhile."""


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """The row was cancelled, or another scheduler has it."""


async def begin_attempt(
    client: Client, notification_id: int, *, phone: str, owner: str, now: datetime, until: datetime
) -> Begun | RecipientBusy | Paused | LeaseLost:
    """Mark that the request is about to leave, or say why it may not.

    From here on a crash leaves the outcome unknown, so the row is never sent again by itself. `until` is when
    the sender is given up for dead.
    """
    moment = now.timestamp()
    key: dict[str, InValue] = {
        "id": notification_id,
        "owner": owner,
        "phone": phone,
        "now": timestamps.to_text(now),
    }
    begun, _ = await client.batch(
        [
            (
                _BEGIN,
                {**key, "until": timestamps.to_text(until), "tolerated": moment + RECIPIENT_TOLERANCE},
            ),
            pace_recipient(phone, moment, if_begun=notification_id, owner=owner),
        ]
    )
    if begun.rows:
        return Begun(rows.integer(begun[0], "envio_numero"))
    found = await client.execute(_WHY_NOT, key)
    if not found.rows or not found[0]["leased"]:
        return LeaseLost()
    free_from = rows.optional_real(found[0], "libre_desde")
    if free_from is not None and free_from > moment + RECIPIENT_TOLERANCE:
        return RecipientBusy(datetime.fromtimestamp(free_from - RECIPIENT_TOLERANCE, UTC))
    return Paused()
