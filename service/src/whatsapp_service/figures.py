"""The figures of the day and of the queue, read from the kept aggregates and the index of what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from libsql_client import Client
from whatsapp_database import rows, timestamps


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
    """Read all figures in one snapshot. The cost grows with what is due, never with what is stored."""
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
            (
                """SELECT count(*) AS due FROM whatsapp_notificaciones
                WHERE estado = 'PENDIENTE' AND prioridad IN (0, 1, 2) AND programada_para <= ?""",
                (timestamps.to_text(now),),
            ),
            """SELECT coalesce(sum(total), 0) AS pending FROM whatsapp_conteo_estados WHERE estado =
            'PENDIENTE'""",
            "SELECT coalesce(sum(valor), 0) AS sent FROM whatsapp_totales WHERE nombre = 'sent'",
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
