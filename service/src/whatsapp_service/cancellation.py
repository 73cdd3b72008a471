"""Cancelling a notification that has not been sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from libsql_client import Client, InValue
from whatsapp_database import rows, timestamps

from whatsapp_service.estados import Estado
from whatsapp_service.refusals import BeingSentError, UnknownNotificationError, WrongStateError

_FREE: Final = """id = :id AND estado = 'PENDIENTE' AND envio_iniciado_at IS NULL
    AND (reservada_hasta IS NULL OR reservada_hasta <= :now)"""
_HISTORY: Final = f"""INSERT INTO whatsapp_historial_notificaciones
    (notificacion_id, estado_anterior, estado_nuevo, detalle, created_at)
SELECT id, estado, 'CANCELADA', :detail, :now FROM whatsapp_notificaciones WHERE {_FREE}
"""  # noqa: S608 - constant texts
_CANCEL: Final = f"""UPDATE whatsapp_notificaciones SET
    estado = 'CANCELADA', reservada_por = NULL, reservada_hasta = NULL, updated_at = :now
WHERE {_FREE}
"""  # noqa: S608 - constant texts


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The cancelled notification; `changed` is False when it had been cancelled before."""

    id: int
    changed: bool


async def cancel(client: Client, notification_id: int, *, now: datetime, by: str) -> Cancellation:
    """Cancel a PENDIENTE notification; `by` is the name that its history shows.

    Raises UnknownNotificationError, BeingSentError while a scheduler has it, and WrongStateError
    (`not_cancellable`) when it was sent or has failed.
    """
    values: dict[str, InValue] = {"id": notification_id, "now": timestamps.to_text(now)}
    _, update, found = await client.batch(
        [
            (_HISTORY, {**values, "detail": f"cancelled by {by}"}),
            (_CANCEL, values),
            ("SELECT estado FROM whatsapp_notificaciones WHERE id = ?", (notification_id,)),
        ]
    )
    if not found.rows:
        raise UnknownNotificationError
    estado = Estado(rows.text(found[0], "estado"))
    if estado is Estado.CANCELADA:
        return Cancellation(notification_id, changed=update.rows_affected == 1)
    if estado is Estado.PENDIENTE:
        raise BeingSentError
    raise WrongStateError(
        "not_cancellable", estado, f"the notification is {estado}: only a PENDIENTE one can be cancelled"
    )
