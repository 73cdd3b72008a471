"""Deleting what is older than its retention (manual: "Limpieza de Datos")."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from libsql_client import Client
from whatsapp_database.timestamps import to_text

from whatsapp_service.clock import Clock

BATCH_ROWS = 500
"""Rows deleted in one transaction, so that a writer waits milliseconds, not for the whole cleanup."""

_PAUSE_SECONDS = 0.02
_RECENT_DAYS = 2
_FINISHED_STATES = "('ENVIADA', 'ENTREGADA', 'LEIDA', 'ERROR', 'CANCELADA')"


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that each kind of data is kept."""

    notifications: int
    history: int
    metrics: int
    events: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """Rows of `table` whose `column` is before `limit`, told one from the other by the columns of `key`."""

    table: str
    column: str
    limit: str | float
    key: tuple[str, ...] = ("rowid",)
    also: str = "1"


async def clean_up(
    client: Client,
    retention: Retention,
    *,
    now: Clock,
    zone: ZoneInfo,
    batch_rows: int = BATCH_ROWS,
    pause: float = _PAUSE_SECONDS,
) -> dict[str, int]:
    """Delete expired rows in bounded batches; return how many by table.

    Days are counted back from today's midnight in `zone`, as the manual's ``DATE('now', '-90 days')`` does.
    Unfinished notifications (``PENDIENTE``, ``DESCONOCIDA``) stay however old. `pause` (seconds) between
    batches lets other writers in. An interrupted cleanup is continued by the next.

    Raises:
        DatabaseError: the database cannot be used.
    """
    deleted: dict[str, int] = {}
    for rule in _rules(retention, now().astimezone(zone), zone):
        deleted[rule.table] = await _apply(client, rule, batch_rows, pause)
    return deleted


def _rules(retention: Retention, local_now: datetime, zone: ZoneInfo) -> list[_Rule]:
    def midnight(days: int) -> str:
        day = local_now.date() - timedelta(days=days)
        return to_text(datetime.combine(day, time(), tzinfo=zone))

    recent = to_text(local_now - timedelta(days=_RECENT_DAYS))
    first_day = (local_now.date() - timedelta(days=retention.metrics)).isoformat()
    return [
        _Rule(
            "whatsapp_notificaciones",
            "created_at",
            midnight(retention.notifications),
            also=f"estado IN {_FINISHED_STATES}",
        ),
        _Rule("whatsapp_historial_notificaciones", "created_at", midnight(retention.history)),
        _Rule("whatsapp_metricas_diarias", "fecha_metrica", first_day),
        _Rule("whatsapp_webhook_eventos", "received_at", midnight(retention.events)),
        _Rule(
            "whatsapp_claves_idempotencia", "created_at", midnight(retention.events), key=("cliente", "clave")
        ),
        # Events of the account hold no numbers and explain the metrics of their day.
        _Rule("whatsapp_eventos_cuenta", "received_at", midnight(retention.metrics)),
        _Rule("whatsapp_pausas_envio", "hasta", to_text(local_now)),
        # Counts of the last hours; old ones are of use to nobody.
        _Rule("whatsapp_enviadas_minuto", "minuto", recent[:16], key=("minuto",)),
        _Rule("whatsapp_destinatarios_hora", "hora", recent[:13], key=("hora",)),
        # Numbers, of no use once the recipient may be written to again.
        _Rule("whatsapp_ritmo_destinatarios", "libre_desde", local_now.timestamp(), key=("telefono",)),
    ]


async def _apply(client: Client, rule: _Rule, batch_rows: int, pause: float) -> int:
    """Delete what the rule says, walking the key upwards so that no row is looked at twice.

    The rows are looked for by a read, outside the write lock; the deletion asks again, for a row may have
    changed.
    """
    columns = ", ".join(rule.key)
    marks = ", ".join("?" for _ in rule.key)
    expired = f"{rule.column} < ? AND {rule.also}"
    deleted, last = 0, None
    while True:
        after = f"({columns}) > ({marks})" if last is not None else "1"
        found = await client.execute(
            f"SELECT {columns} FROM {rule.table} WHERE {after} AND {expired} "  # noqa: S608 (constants of this module)
            f"ORDER BY {columns} LIMIT {batch_rows}",
            (*(last or ()), rule.limit),
        )
        if not found.rows:
            return deleted
        first, last = tuple(found.rows[0]), tuple(found.rows[-1])
        result = await client.execute(
            f"DELETE FROM {rule.table} WHERE ({columns}) BETWEEN ({marks}) AND ({marks}) AND {expired}",  # noqa: S608 (constants of this module)
            (*first, *last, rule.limit),
        )
        deleted += result.rows_affected
        await asyncio.sleep(pause)
