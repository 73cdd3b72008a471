"""One status as SQL that may run late, twice and out of order."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import orjson
from libsql_client import InStatement, InValue
from whatsapp_database import timestamps

from whatsapp_service.estados import REACHABLE_FROM, Estado
from whatsapp_service.graph.errors import classify
from whatsapp_service.webhooks.events import StatusUpdate

# By Meta's id; else by our own id, echoed by Meta, when the status is faster than the answer to the send. The
# second way only finds a row that this service has begun to send, so a foreign correlation id does nothing.
_MATCH: Final = """(
    SELECT id FROM whatsapp_notificaciones WHERE whatsapp_message_id = :message_id
    UNION ALL
    SELECT id FROM whatsapp_notificaciones
    WHERE id = :notification_id AND whatsapp_message_id IS NULL AND intentos > 0
    LIMIT 1
)"""
_MOVES: Final = f"id = {_MATCH} AND estado IN (SELECT value FROM json_each(:reachable_from))"  # noqa: S608 - constant texts

_KNOWN: Final = f"SELECT id FROM whatsapp_notificaciones WHERE id = {_MATCH}"  # noqa: S608 - constant texts
_HISTORY: Final = f"""INSERT INTO whatsapp_historial_notificaciones
    (notificacion_id, estado_anterior, estado_nuevo, detalle, created_at)
SELECT id, estado, :target, :detail, :now FROM whatsapp_notificaciones WHERE {_MOVES}
"""  # noqa: S608 - constant texts
_UPDATE: Final = f"""UPDATE whatsapp_notificaciones SET
    estado = :target,
    whatsapp_message_id = coalesce(whatsapp_message_id, :message_id),
    enviada_at = CASE WHEN :target = 'ERROR' THEN enviada_at ELSE coalesce(enviada_at, :occurred_at) END,
    entregada_at = CASE WHEN :target IN ('ENTREGADA', 'LEIDA')
        THEN coalesce(entregada_at, :occurred_at) ELSE entregada_at END,
    leida_at = CASE WHEN :target = 'LEIDA' THEN coalesce(leida_at, :occurred_at) ELSE leida_at END,
    codigo_error = CASE WHEN :target = 'ERROR' THEN :error_code ELSE codigo_error END,
    clase_error = CASE WHEN :target = 'ERROR' THEN :error_class ELSE clase_error END,
    ultimo_error = CASE WHEN :target = 'ERROR' THEN :error_text ELSE ultimo_error END,
    updated_at = :now
WHERE {_MOVES}
"""  # noqa: S608 - constant texts


def statements_for(status: StatusUpdate, now: datetime) -> list[InStatement]:
    """Three statements: whether we know the message, its history line, its new state."""
    failed = status.target is Estado.ERROR
    key: dict[str, InValue] = {"message_id": status.message_id, "notification_id": status.notification_id}
    move: dict[str, InValue] = {
        **key,
        "target": status.target.value,
        "reachable_from": orjson.dumps([state.value for state in REACHABLE_FROM[status.target]]).decode(),
        "now": timestamps.to_text(now),
    }
    occurred_at = timestamps.to_text(status.occurred_at)
    error_text = status.error_text or "failed without a reason" if failed else None
    detail = f"webhook, at {occurred_at}" + (f": ({status.error_code}) {error_text}" if failed else "")
    error_class = classify(status.error_code).value if failed and status.error_code is not None else None
    return [
        (_KNOWN, key),
        (_HISTORY, {**move, "detail": detail}),
        (
            _UPDATE,
            {
                **move,
                "occurred_at": occurred_at,
                "error_code": status.error_code,
                "error_class": error_class,
                "error_text": error_text,
            },
        ),
    ]
