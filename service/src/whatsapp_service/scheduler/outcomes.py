"""Recording what became of a leased notification, together with its history line."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from libsql_client import Client, InStatement, InValue
from whatsapp_database import ConstraintError, timestamps

from whatsapp_service.estados import Estado
from whatsapp_service.graph.errors import ErrorClass, SendError

_HISTORY: Final = """
INSERT INTO whatsapp_historial_notificaciones (notificacion_id, estado_anterior, estado_nuevo, detalle,
created_at) SELECT id, estado, ?, ?, ? FROM whatsapp_notificaciones WHERE id = ? AND estado IN ('PENDIENTE',
'DESCONOCIDA')
"""
_END_LEASE: Final = "reservada_por = NULL, reservada_hasta = NULL, envio_iniciado_at = NULL"
# What earlier attempts left is over once the message is sent; what a webhook said of this one stays.
_ACCEPTED: Final = f"""UPDATE whatsapp_notificaciones SET {_END_LEASE},
    whatsapp_message_id = coalesce(whatsapp_message_id, :message_id),
    enviada_at = coalesce(enviada_at, :now),
    estado = CASE WHEN estado IN ('PENDIENTE', 'DESCONOCIDA') THEN 'ENVIADA' ELSE estado END,
    ultimo_error = CASE WHEN fallida_at IS NOT NULL THEN ultimo_error END,
    codigo_error = CASE WHEN fallida_at IS NOT NULL THEN codigo_error END,
    clase_error = CASE WHEN fallida_at IS NOT NULL THEN clase_error END,
    updated_at = :now
WHERE id = :id AND envio_numero = :send_number
"""  # noqa: S608 - constant texts


async def record_accepted(
    client: Client, notification_id: int, send_number: int, message_id: str, now: datetime
) -> None:
    """ENVIADA, unless a webhook was faster and knows more already."""
    moment = timestamps.to_text(now)
    try:
        await client.batch(
            [
                _history(notification_id, Estado.ENVIADA, "accepted by Meta", moment),
                (
                    _ACCEPTED,
                    {
                        "id": notification_id,
                        "send_number": send_number,
                        "message_id": message_id,
                        "now": moment,
                    },
                ),
            ]
        )
    except ConstraintError:  # Meta never gives an id twice; whoever does is not answering for this message
        error = SendError(ErrorClass.UNKNOWN_OUTCOME, "the answer names a message that is already known")
        await record_final(client, notification_id, Estado.DESCONOCIDA, error, now)


async def record_final(
    client: Client, notification_id: int, estado: Estado, error: SendError, now: datetime
) -> None:
    """ERROR or DESCONOCIDA."""
    moment = timestamps.to_text(now)
    failed_at = ", fallida_at = coalesce(fallida_at, ?)" if estado is Estado.ERROR else ""
    values = (estado.value, moment) if failed_at else (estado.value,)
    await client.batch(
        [
            _history(notification_id, estado, str(error), moment),
            _failure_update(f"estado = ?{failed_at}", values, notification_id, error, moment),
        ]
    )


async def record_retry(
    client: Client, notification_id: int, error: SendError, now: datetime, due: datetime
) -> None:
    """Stays PENDIENTE, due again later."""
    moment, due_text = timestamps.to_text(now), timestamps.to_text(due)
    await client.batch(
        [
            _history(notification_id, Estado.PENDIENTE, f"retry at {due_text}: {error}", moment),
            _failure_update("programada_para = ?", (due_text,), notification_id, error, moment),
        ]
    )


async def record_held(client: Client, notification_id: int, error: SendError, now: datetime) -> None:
    """Stays PENDIENTE and due; the attempt does not count, for the fault is not the message's."""
    moment = timestamps.to_text(now)
    update = _failure_update("intentos = max(intentos - 1, 0)", (), notification_id, error, moment)
    await client.batch([update])


async def reschedule(client: Client, notification_id: int, due: datetime, now: datetime, reason: str) -> None:
    """Not sent now: due at another time, no attempt used."""
    moment, due_text = timestamps.to_text(now), timestamps.to_text(due)
    update = f"""UPDATE whatsapp_notificaciones SET {_END_LEASE}, programada_para = ?, updated_at = ?
        WHERE id = ? AND estado = 'PENDIENTE'"""  # noqa: S608 - constant texts
    await client.batch(
        [
            _history(notification_id, Estado.PENDIENTE, f"{reason}: due at {due_text}", moment),
            (update, (due_text, moment, notification_id)),
        ]
    )


async def mark_bad_phone(client: Client, contact_id: int, error_code: int | None, now: datetime) -> None:
    """Keep that Meta (or our own check, without a code) refused the contact's number."""
    await client.execute(
        "UPDATE whatsapp_contactos SET telefono_rechazado_at = ?, telefono_codigo_error = ? WHERE id = ?",
        (timestamps.to_text(now), error_code, contact_id),
    )


def _history(notification_id: int, estado: Estado, detail: str, moment: str) -> InStatement:
    return (_HISTORY, (estado.value, detail, moment, notification_id))


def _failure_update(
    change: str, values: tuple[InValue, ...], notification_id: int, error: SendError, moment: str
) -> InStatement:
    update = f"""UPDATE whatsapp_notificaciones SET {_END_LEASE}, {change},
            ultimo_error = ?, codigo_error = ?, clase_error = ?, updated_at = ?
        WHERE id = ? AND estado = 'PENDIENTE'"""  # noqa: S608 - constant texts
    return (update, (*values, str(error), error.code, error.error_class.value, moment, notification_id))
