"""Sending again what failed: from ERROR, and from DESCONOCIDA when asked, back to PENDIENTE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from libsql_client import Client, InStatement, InValue, Row
from whatsapp_database import rows, timestamps

from whatsapp_service.estados import Estado
from whatsapp_service.hours import HoursError, load_hours
from whatsapp_service.refusals import (
    BeingSentError,
    ChangeRefusedError,
    UnknownNotificationError,
    WrongStateError,
)

_CHUNK: Final = 200
"""Notifications in one transaction: the only writer must not be held for long."""

# A failure may be reported before the answer to the send: then the sender still has the row.
_FREE: Final = """entregada_at IS NULL AND leida_at IS NULL
    AND (envio_iniciado_at IS NULL OR reservada_hasta <= :now)"""
_MOVES: Final = f"""id IN (SELECT value FROM json_each(:ids))
    AND estado IN (SELECT value FROM json_each(:states)) AND {_FREE}"""  # noqa: S608 - constant texts
_HISTORY: Final = f"""INSERT INTO whatsapp_historial_notificaciones
    (notificacion_id, estado_anterior, estado_nuevo, detalle, created_at)
SELECT id, estado, 'PENDIENTE', :detail, :now FROM whatsapp_notificaciones WHERE {_MOVES}
"""  # noqa: S608 - constant texts
# The trigger will count the next send; the day keeps one for each notification.
_UNCOUNT: Final = f"""UPDATE whatsapp_metricas_diarias SET enviadas = enviadas - again.total
FROM (
    SELECT fecha_metrica AS fecha, empresa_id AS empresa, plantilla_id AS plantilla, count(*) AS total
    FROM whatsapp_notificaciones WHERE {_MOVES} AND enviada_at IS NOT NULL GROUP BY 1, 2, 3
) AS again
WHERE fecha_metrica = again.fecha AND empresa_id = again.empresa AND plantilla_id = again.plantilla
"""  # noqa: S608 - constant texts
# Another number, so that what Meta still tells of the earlier send does not speak of the next one.
_REQUEUE: Final = f"""UPDATE whatsapp_notificaciones SET
    estado = 'PENDIENTE', intentos = 0, envio_numero = envio_numero + 1, programada_para = :due,
    whatsapp_message_id = NULL,
    ultimo_error = NULL, codigo_error = NULL, clase_error = NULL, enviada_at = NULL, fallida_at = NULL,
    facturable = NULL, cobro_categoria = NULL, cobro_tipo = NULL,
    reservada_por = NULL, reservada_hasta = NULL, envio_iniciado_at = NULL, updated_at = :now
WHERE {_MOVES}
"""  # noqa: S608 - constant texts


@dataclass(frozen=True, slots=True)
class Selection:
    """Which failed notifications; None does not narrow. Times are of their creation, `until` excluded.

    `include_unknown` takes those in DESCONOCIDA too, which may have arrived: their contacts may get the
    message twice.
    """

    empresa_id: int | None = None
    plantilla_id: int | None = None
    codigo_error: int | None = None
    clase_error: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    include_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Requeued:
    """One notification that is PENDIENTE again; `due` is when it may leave (UTC)."""

    id: int
    due: datetime


@dataclass(frozen=True, slots=True)
class RequeueCounts:
    """How many are PENDIENTE again, how many were left because their company never opens or a scheduler has
    them, and whether more match."""

    requeued: int
    left: int
    more: bool


async def requeue(
    client: Client, notification_id: int, *, now: datetime, by: str, include_unknown: bool = False
) -> Requeued:
    """Send one notification again, now or at its company's next opening; `by` is the name in its history.

    Raises UnknownNotificationError, BeingSentError, WrongStateError (`not_requeueable`, or `arrived` when it
    is known to have been delivered) and ChangeRefusedError (`never_open`).
    """
    found = await client.execute(
        "SELECT empresa_id FROM whatsapp_notificaciones WHERE id = ?", (notification_id,)
    )
    if not found.rows:
        raise UnknownNotificationError
    due = await _due(client, rows.integer(found[0], "empresa_id"), now)
    if due is None:
        raise ChangeRefusedError(
            "never_open", "the company's hours have no time at which it may be written to"
        )
    states = _states(include_unknown=include_unknown)
    if await _move(client, [notification_id], states, due=due, now=now, by=by):
        return Requeued(notification_id, due)
    raise await _refusal(client, notification_id, states)


async def requeue_matching(
    client: Client, selection: Selection, *, now: datetime, by: str, limit: int
) -> RequeueCounts:
    """Send again up to `limit` notifications that match, oldest first, in transactions of a few hundred."""
    requeued = left = 0
    dues: dict[int, datetime | None] = {}
    states = _states(include_unknown=selection.include_unknown)
    for estado in states:
        after = 0
        while True:
            room = limit - max(requeued, left)
            chunk = await _candidates(client, selection, estado, after, now, max(min(room, _CHUNK), 1))
            if not chunk:
                break
            if room == 0:
                return RequeueCounts(requeued, left, more=True)
            after = rows.integer(chunk[-1], "id")
            for company in {rows.integer(row, "empresa_id") for row in chunk} - dues.keys():
                dues[company] = await _due(client, company, now)
            moved = await _move_chunk(client, chunk, dues, states, now=now, by=by)
            requeued += moved
            left += len(chunk) - moved
    return RequeueCounts(requeued, left, more=False)


async def _move_chunk(
    client: Client,
    chunk: list[Row],
    dues: dict[int, datetime | None],
    states: tuple[Estado, ...],
    *,
    now: datetime,
    by: str,
) -> int:
    by_due: dict[datetime, list[int]] = {}
    for row in chunk:
        due = dues[rows.integer(row, "empresa_id")]
        if due is not None:
            by_due.setdefault(due, []).append(rows.integer(row, "id"))
    moved = 0
    for due, ids in by_due.items():
        moved += await _move(client, ids, states, due=due, now=now, by=by)
    return moved


async def _candidates(
    client: Client, selection: Selection, estado: Estado, after: int, now: datetime, limit: int
) -> list[Row]:
    conditions = ["estado = :estado", "id > :after", _FREE]
    values: dict[str, InValue] = {
        "estado": estado.value,
        "after": after,
        "now": timestamps.to_text(now),
        "limit": limit,
    }
    narrowing: dict[str, InValue] = {
        "empresa_id =": selection.empresa_id,
        "plantilla_id =": selection.plantilla_id,
        "codigo_error =": selection.codigo_error,
        "clase_error =": selection.clase_error,
        "created_at >=": None if selection.since is None else timestamps.to_text(selection.since),
        "created_at <": None if selection.until is None else timestamps.to_text(selection.until),
    }
    for number, (condition, value) in enumerate(narrowing.items()):
        if value is not None:
            conditions.append(f"{condition} :value{number}")
            values[f"value{number}"] = value
    result = await client.execute(
        f"""SELECT id, empresa_id FROM whatsapp_notificaciones INDEXED BY idx_whatsapp_notificaciones_estado
        WHERE {" AND ".join(conditions)} ORDER BY id LIMIT :limit""",  # noqa: S608 - constant texts
        values,
    )
    return result.rows


async def _move(
    client: Client, ids: list[int], states: tuple[Estado, ...], *, due: datetime, now: datetime, by: str
) -> int:
    values: dict[str, InValue] = {
        "ids": orjson.dumps(ids).decode(),
        "states": orjson.dumps([estado.value for estado in states]).decode(),
        "now": timestamps.to_text(now),
    }
    due_text = timestamps.to_text(due)
    statements: list[InStatement] = [
        (_HISTORY, {**values, "detail": f"requeued by {by}: due at {due_text}"}),
        (_UNCOUNT, values),
        (_REQUEUE, {**values, "due": due_text}),
    ]
    results = await client.batch(statements)
    return results[2].rows_affected


async def _due(client: Client, empresa_id: int, now: datetime) -> datetime | None:
    try:
        hours = await load_hours(client, empresa_id)
    except HoursError:
        return None
    return now if hours is None else hours.next_opening(now)


async def _refusal(client: Client, notification_id: int, states: tuple[Estado, ...]) -> ChangeRefusedError:
    found = await client.execute(
        "SELECT estado, entregada_at, leida_at FROM whatsapp_notificaciones WHERE id = ?", (notification_id,)
    )
    if not found.rows:
        return UnknownNotificationError()
    estado = Estado(rows.text(found[0], "estado"))
    if found[0]["entregada_at"] is not None or found[0]["leida_at"] is not None:
        return WrongStateError("arrived", estado, "the message arrived: it is not sent again")
    if estado in states:
        return BeingSentError()
    hint = " (DESCONOCIDA only when asked for)" if estado is Estado.DESCONOCIDA else ""
    return WrongStateError(
        "not_requeueable", estado, f"the notification is {estado}: only failed ones are sent again{hint}"
    )


def _states(*, include_unknown: bool) -> tuple[Estado, ...]:
    return (Estado.ERROR, Estado.DESCONOCIDA) if include_unknown else (Estado.ERROR,)
