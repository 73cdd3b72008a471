"""The figures of the day and of the queue, read from the kept aggregates and the index of what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from libsql_client import Client
from whatsapp_database import rows, timestamps

_COUNTED_AT_MOST: Final = 10_000
# The number of all that is pending is kept; the smaller part of it is counted, what is due or what is not
# yet. Without INDEXED BY SQLite reads every pending row by the index of states. The last CASE is reached only
# when both parts are large.
_PENDING_WHERE: Final = """FROM whatsapp_notificaciones INDEXED BY idx_whatsapp_notificaciones_envio_pendiente
    WHERE estado = 'PENDIENTE' AND prioridad IN (0, 1, 2) AND programada_para"""
_DUE: Final = f"""
WITH bounded AS MATERIALIZED (
    SELECT (SELECT count(*) FROM (SELECT 1 {_PENDING_WHERE} <= :now LIMIT :bound)) AS due,
        (SELECT count(*) FROM (SELECT 1 {_PENDING_WHERE} > :now LIMIT :bound)) AS later
)
SELECT CASE
    WHEN due < :bound THEN due
    WHEN later < :bound THEN (
        SELECT coalesce(sum(total), 0) FROM whatsapp_conteo_estados WHERE estado = 'PENDIENTE') - later
    ELSE (SELECT count(*) {_PENDING_WHERE} <= :now)
END AS due FROM bounded
"""  # noqa: S608 - constant texts


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of the notifications accepted today (the operators' day), of the queue, and of all time."""

    day: str
    total: int
    enviadas: int
    entregadas: int
    leidas: int
    errores: int
    due: int
    scheduled: int
    sent_ever: int

    @property
    def finished(self) -> int:
        """Notifications of today with a result; one that was sent and then failed counts once."""
        return min(self.total, self.enviadas + self.errores)

    @property
    def error_ratio(self) -> float:
        """Failed among the finished, 0..1; 0 before the first result of the day."""
        return self.errores / self.finished if self.finished else 0.0

    @property
    def delivery_ratio(self) -> float | None:
        """Delivered among the sent, 0..1; None before the first send of the day."""
        return self.entregadas / self.enviadas if self.enviadas else None


async def read_figures(client: Client, *, now: datetime, operators_zone: tzinfo) -> Figures:
    """Read all figures in one snapshot. The cost grows with what is pending, never with what is stored."""
    day = now.astimezone(operators_zone).date().isoformat()
    today, due, pending, ever = await client.batch(
        [
            (
                """SELECT coalesce(sum(total), 0) AS total, coalesce(sum(enviadas), 0) AS enviadas,
                    coalesce(sum(entregadas), 0) AS entregadas, coalesce(sum(leidas), 0) AS leidas,
                    coalesce(sum(errores), 0) AS errores
                FROM whatsapp_metricas_diarias WHERE fecha_metrica = ?""",
                (day,),
            ),
            (_DUE, {"now": timestamps.to_text(now), "bound": _COUNTED_AT_MOST}),
            """SELECT coalesce(sum(total), 0) AS pending FROM whatsapp_conteo_estados WHERE estado =
            'PENDIENTE'""",
            """SELECT coalesce(sum(valor), 0) AS sent FROM whatsapp_contadores
            WHERE nombre = 'sent' AND dimension = 'empresa'""",
        ]
    )
    due_now = rows.integer(due[0], "due")
    return Figures(
        day=day,
        total=rows.integer(today[0], "total"),
        enviadas=rows.integer(today[0], "enviadas"),
        entregadas=rows.integer(today[0], "entregadas"),
        leidas=rows.integer(today[0], "leidas"),
        errores=rows.integer(today[0], "errores"),
        due=due_now,
        scheduled=rows.integer(pending[0], "pending") - due_now,
        sent_ever=rows.integer(ever[0], "sent"),
    )
