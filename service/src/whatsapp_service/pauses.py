"""Pauses of sending (`whatsapp_pausas_envio`) by people or Meta: of everything, a company, a template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from libsql_client import Client, Row
from whatsapp_database import rows, timestamps


class Scope(StrEnum):
    """What a pause is about (`alcance`)."""

    EVERYTHING = "todo"
    COMPANY = "empresa"
    TEMPLATE = "plantilla"


class Origin(StrEnum):
    """Who paused (`origen`): an operator's pause lasts until it is resumed, Meta's until its time is over."""

    OPERATOR = "operador"
    META = "meta"


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause in force; `object_id` is the company or template, 0 for everything; times are UTC."""

    scope: Scope
    object_id: int
    origin: Origin
    reason: str
    error_code: int | None
    error_class: str | None
    created_by: str
    since: datetime
    until: datetime | None


IN_FORCE: Final = "(hasta IS NULL OR hasta > :now)"
"""SQL: the pause holds at `:now` (stored time)."""

_PAUSE: Final = """
INSERT INTO whatsapp_pausas_envio
    (alcance, objeto_id, origen, motivo, codigo_error, clase_error, creada_por, desde, hasta)
VALUES (:scope, :object_id, :origin, :reason, :error_code, :error_class, :created_by, :since, :until)
ON CONFLICT (alcance, objeto_id, origen) DO UPDATE SET
    motivo = excluded.motivo, codigo_error = excluded.codigo_error, clase_error = excluded.clase_error,
    creada_por = excluded.creada_por,
    desde = CASE WHEN hasta IS NULL OR hasta > excluded.desde THEN desde ELSE excluded.desde END,
    hasta = CASE WHEN hasta IS NULL OR excluded.hasta IS NULL THEN NULL ELSE max(hasta, excluded.hasta) END
"""


async def pause(client: Client, new: Pause) -> None:
    """Put the pause in force. One of the same scope and origin that holds is made longer, never shorter."""
    await client.execute(
        _PAUSE,
        {
            "scope": new.scope.value,
            "object_id": new.object_id,
            "origin": new.origin.value,
            "reason": new.reason,
            "error_code": new.error_code,
            "error_class": new.error_class,
            "created_by": new.created_by,
            "since": timestamps.to_text(new.since),
            "until": None if new.until is None else timestamps.to_text(new.until),
        },
    )


async def resume(client: Client, scope: Scope, object_id: int = 0, *, origin: Origin | None = None) -> int:
    """End the pauses of this scope, whoever made them (or those of one origin); how many there were."""
    result = await client.execute(
        """DELETE FROM whatsapp_pausas_envio WHERE alcance = ? AND objeto_id = ? AND origen IN (?, ?)""",
        (scope.value, object_id, origin or Origin.OPERATOR, origin or Origin.META),
    )
    return result.rows_affected


async def active_pauses(client: Client, now: datetime) -> list[Pause]:
    """The pauses in force, everything first, then by company and template."""
    result = await client.execute(
        f"""SELECT * FROM whatsapp_pausas_envio WHERE {IN_FORCE}
        ORDER BY alcance = 'todo' DESC, alcance, objeto_id, origen""",  # noqa: S608 - constant texts
        {"now": timestamps.to_text(now)},
    )
    return [_from_row(row) for row in result]


async def forget_ended(client: Client, now: datetime) -> None:
    """Delete the pauses whose time is over."""
    await client.execute("DELETE FROM whatsapp_pausas_envio WHERE hasta <= ?", (timestamps.to_text(now),))


def _from_row(row: Row) -> Pause:
    until = rows.optional_text(row, "hasta")
    return Pause(
        scope=Scope(rows.text(row, "alcance")),
        object_id=rows.integer(row, "objeto_id"),
        origin=Origin(rows.text(row, "origen")),
        reason=rows.text(row, "motivo"),
        error_code=rows.optional_integer(row, "codigo_error"),
        error_class=rows.optional_text(row, "clase_error"),
        created_by=rows.text(row, "creada_por"),
        since=timestamps.from_text(rows.text(row, "desde")),
        until=None if until is None else timestamps.from_text(until),
    )
