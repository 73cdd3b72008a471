"""One status as SQL that may run late, twice and out of order: the row ends the same whatever the order.

Each milestone keeps the earliest moment that any status implies (read implies delivered implies sent), the
failure the earliest and among equals the smallest, and the state is the highest in rank (`REACHABLE_FROM`).
"""

from __future__ import annotations

from typing import Final

import orjson
from libsql_client import InStatement, InValue
from whatsapp_database import timestamps

from whatsapp_service.estados import REACHABLE_FROM, Estado
from whatsapp_service.graph.errors import classify
from whatsapp_service.webhooks.events import StatusUpdate

BAD_NUMBER: Final = 131026
"""Meta: the message is undeliverable, mostly because the number has no WhatsApp."""

_MOVES: Final = "estado IN (SELECT value FROM json_each(:reachable_from))"
# The send of this message, also when its answer has not been stored yet.
_ROW: Final = "id = :id AND coalesce(whatsapp_message_id, :message_id) = :message_id"
# Our own time of the answer is more precise than Meta's, which is in whole seconds.
_SENT_EARLIER: Final = "(enviada_at IS NULL OR substr(enviada_at, 1, 19) > substr(:occurred_at, 1, 19))"
_DELIVERED_EARLIER: Final = "(entregada_at IS NULL OR entregada_at > :occurred_at)"
_READ_EARLIER: Final = "(leida_at IS NULL OR leida_at > :occurred_at)"
_FAILED_EARLIER: Final = """(fallida_at IS NULL OR (fallida_at, coalesce(codigo_error, -1), ultimo_error)
    > (:occurred_at, coalesce(:error_code, -1), :error_text))"""
_UNPRICED: Final = "(facturable IS NULL AND :billable IS NOT NULL)"

_HISTORY: Final = f"""INSERT INTO whatsapp_historial_notificaciones
    (notificacion_id, estado_anterior, estado_nuevo, detalle, created_at)
SELECT id, estado, :target, :detail, :now FROM whatsapp_notificaciones WHERE {_ROW} AND {_MOVES}
"""  # noqa: S608 - constant texts

_COMMON: Final = f"""estado = CASE WHEN {_MOVES} THEN :target ELSE estado END,
    whatsapp_message_id = coalesce(whatsapp_message_id, :message_id),
    facturable = coalesce(facturable, :billable),
    cobro_categoria = coalesce(cobro_categoria, :category), cobro_tipo = coalesce(cobro_tipo, :pricing_type),
    updated_at = :now"""
_SET_SENT: Final = f"enviada_at = CASE WHEN {_SENT_EARLIER} THEN :occurred_at ELSE enviada_at END"
_SET_DELIVERED: Final = (
    f"entregada_at = CASE WHEN {_DELIVERED_EARLIER} THEN :occurred_at ELSE entregada_at END"
)
_SET_READ: Final = f"leida_at = CASE WHEN {_READ_EARLIER} THEN :occurred_at ELSE leida_at END"
_SET_FAILED: Final = f"""codigo_error = CASE WHEN {_FAILED_EARLIER} THEN :error_code ELSE codigo_error END,
    clase_error = CASE WHEN {_FAILED_EARLIER} THEN :error_class ELSE clase_error END,
    ultimo_error = CASE WHEN {_FAILED_EARLIER} THEN :error_text ELSE ultimo_error END,
    fallida_at = CASE WHEN fallida_at IS NULL OR fallida_at > :occurred_at THEN :occurred_at
        ELSE fallida_at END"""

_SETS: Final = {
    Estado.ENVIADA: (_SET_SENT,),
    Estado.ENTREGADA: (_SET_SENT, _SET_DELIVERED),
    Estado.LEIDA: (_SET_SENT, _SET_DELIVERED, _SET_READ),
    Estado.ERROR: (_SET_FAILED,),
}
_NEWS: Final = {
    Estado.ENVIADA: (_SENT_EARLIER,),
    Estado.ENTREGADA: (_SENT_EARLIER, _DELIVERED_EARLIER),
    Estado.LEIDA: (_SENT_EARLIER, _DELIVERED_EARLIER, _READ_EARLIER),
    Estado.ERROR: (_FAILED_EARLIER,),
}


def _update_sql(target: Estado) -> str:
    news = " OR ".join((_MOVES, _UNPRICED, *_NEWS[target]))
    return f"""UPDATE whatsapp_notificaciones SET {", ".join((*_SETS[target], _COMMON))}
WHERE {_ROW} AND ({news})"""  # noqa: S608 - constant texts


_UPDATES: Final = {target: _update_sql(target) for target in _SETS}
_REACHABLE: Final = {
    target: orjson.dumps([state.value for state in states]).decode()
    for target, states in REACHABLE_FROM.items()
}


def statements_for(notification_id: int, status: StatusUpdate, now: str) -> list[InStatement]:
    """Two statements: the history line when the state moves; the row, which tells whether it had news."""
    target = status.target
    failed = target is Estado.ERROR
    occurred_at = timestamps.to_text(status.occurred_at)
    error_text = status.error_text or "failed without a reason"
    row: dict[str, InValue] = {
        "id": notification_id,
        "message_id": status.message_id,
        "target": target.value,
        "reachable_from": _REACHABLE[target],
        "now": now,
    }
    detail = f"webhook, at {occurred_at}" + (f": ({status.error_code}) {error_text}" if failed else "")
    pricing = status.pricing
    update: dict[str, InValue] = {
        **row,
        "occurred_at": occurred_at,
        "billable": None if pricing is None else pricing.billable,
        "category": None if pricing is None else pricing.category,
        "pricing_type": None if pricing is None else pricing.type,
    }
    if failed:
        code = status.error_code
        update |= {
            "error_code": code,
            "error_class": None if code is None else classify(code).value,
            "error_text": error_text,
        }
    return [(_HISTORY, {**row, "detail": detail}), (_UPDATES[target], update)]


def bad_number_statement(notification_id: int, status: StatusUpdate) -> InStatement | None:
    """Keep that Meta could not deliver to the contact's number, when that is what the status says."""
    if status.target is not Estado.ERROR or status.error_code != BAD_NUMBER:
        return None
    occurred_at = timestamps.to_text(status.occurred_at)
    return (
        """UPDATE whatsapp_contactos SET telefono_codigo_error = ?, telefono_rechazado_at = ?
        WHERE id = (SELECT contacto_id FROM whatsapp_notificaciones WHERE id = ?)
            AND (telefono_rechazado_at IS NULL OR telefono_rechazado_at < ?)""",
        (BAD_NUMBER, occurred_at, notification_id, occurred_at),
    )
