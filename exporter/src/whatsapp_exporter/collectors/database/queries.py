"""What is asked of the database at a scrape.

Nothing here reads notifications, webhook calls or the maintenance log row by row: counts come from the
aggregates that triggers keep, times from the ends of an index. Two count in a partial index of what waits
(due notifications, webhook calls), so they cost with the backlog, not with the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from libsql_client import Statement


@dataclass(frozen=True, slots=True)
class Query:
    """A query, its name in errors, and the names of what stands for its question marks."""

    name: str
    sql: str
    parameters: tuple[str, ...] = ()

    def statement(self, values: Mapping[str, str]) -> Statement:
        """Return it with its arguments."""
        return Statement(self.sql, [values[name] for name in self.parameters])


NOW = "now"
"""A stored time (`YYYY-MM-DDTHH:MM:SS.sssZ`)."""
STATUS_EXPECTED_FROM = "status_expected_from"
STATUS_EXPECTED_UNTIL = "status_expected_until"
"""Minutes (`YYYY-MM-DDTHH:MM`): the first, and the one after the last."""
RECIPIENTS_FROM = "recipients_from"
"""An hour (`YYYY-MM-DDTHH`)."""

COUNTS_BY_STATE = Query(
    "counts by state", "SELECT estado, sum(total) AS total FROM whatsapp_conteo_estados GROUP BY estado"
)

COUNTERS = Query("counters", "SELECT nombre, dimension, clave, valor FROM whatsapp_contadores")

COMPANIES = Query(
    "companies", "SELECT empresa_id, empresa_nombre FROM whatsapp_configuracion_horarios ORDER BY empresa_id"
)

TEMPLATES = Query(
    "templates",
    "SELECT id, nombre, idioma, categoria, evento FROM whatsapp_plantillas_mensajes ORDER BY id",
)

DURATIONS = Query("durations", "SELECT nombre, limite, total, suma FROM whatsapp_duraciones")

# The index holds (prioridad, programada_para) of pending rows only. It is named because SQLite's planner
# prefers the one over all states, which reads every pending row (three times slower at 100,000).
DUE = Query(
    "due notifications",
    """
SELECT count(*) AS total
FROM whatsapp_notificaciones INDEXED BY idx_whatsapp_notificaciones_envio_pendiente
WHERE estado = 'PENDIENTE' AND prioridad IN (0, 1, 2) AND programada_para <= ?
""",
    (NOW,),
)

OLDEST_PENDING = Query(
    "oldest pending notification",
    """
SELECT min(oldest) AS oldest FROM (
    SELECT (
        SELECT min(programada_para)
        FROM whatsapp_notificaciones INDEXED BY idx_whatsapp_notificaciones_envio_pendiente
        WHERE estado = 'PENDIENTE' AND prioridad = priorities.column1
    ) AS oldest
    FROM (VALUES (0), (1), (2)) AS priorities
)
""",
)

WITHOUT_STATUS = Query(
    "messages without a status",
    "SELECT coalesce(sum(total), 0) AS total FROM whatsapp_enviadas_minuto WHERE minuto >= ? AND minuto < ?",
    (STATUS_EXPECTED_FROM, STATUS_EXPECTED_UNTIL),
)

RECIPIENTS = Query(
    "recipients of the last day",
    "SELECT coalesce(sum(total), 0) AS total FROM whatsapp_destinatarios_hora WHERE hora >= ?",
    (RECIPIENTS_FROM,),
)

WAITING_EVENTS = Query(
    "waiting webhook events",
    """
SELECT count(*) AS total
FROM whatsapp_webhook_eventos INDEXED BY idx_whatsapp_webhook_eventos_pendientes WHERE procesado_at IS NULL
""",
)

# Ids grow with the time of receipt.
OLDEST_EVENT = Query(
    "oldest waiting webhook event",
    """
SELECT received_at
FROM whatsapp_webhook_eventos INDEXED BY idx_whatsapp_webhook_eventos_pendientes
WHERE procesado_at IS NULL ORDER BY id LIMIT 1
""",
)

PAUSES = Query(
    "pauses",
    """
SELECT alcance, origen, count(*) AS total FROM whatsapp_pausas_envio
WHERE hasta IS NULL OR hasta > ? GROUP BY alcance, origen
""",
    (NOW,),
)

SIZE = Query(
    "size",
    """
SELECT page_count * page_size AS size, freelist_count * page_size AS free
FROM pragma_page_count, pragma_page_size, pragma_freelist_count
""",
)

TABLES = Query("tables", "SELECT tabla, filas, bytes, medida_at FROM whatsapp_tablas ORDER BY tabla")

SCHEMA_VERSION = Query("schema version", "SELECT max(version) AS version FROM schema_migrations")

# Steps from one operation to the next in the index instead of reading the log.
MAINTENANCE = Query(
    "maintenance log",
    """
WITH RECURSIVE operations (operation) AS (
    SELECT min(operation) FROM system_maintenance_log
    UNION ALL
    SELECT (SELECT min(later.operation) FROM system_maintenance_log AS later
            WHERE later.operation > operations.operation)
    FROM operations WHERE operations.operation IS NOT NULL
    LIMIT 100
)
SELECT operation, (
    SELECT max(log.executed_at) FROM system_maintenance_log AS log
    WHERE log.operation = operations.operation AND log.result = 'ok'
) AS succeeded_at, (
    SELECT max(log.executed_at) FROM system_maintenance_log AS log
    WHERE log.operation = operations.operation AND log.result = 'error'
) AS failed_at
FROM operations WHERE operation IS NOT NULL
""",
)

ALL: tuple[Query, ...] = (
    COUNTS_BY_STATE,
    COUNTERS,
    COMPANIES,
    TEMPLATES,
    DURATIONS,
    DUE,
    OLDEST_PENDING,
    WITHOUT_STATUS,
    RECIPIENTS,
    WAITING_EVENTS,
    OLDEST_EVENT,
    PAUSES,
    SIZE,
    TABLES,
    SCHEMA_VERSION,
    MAINTENANCE,
)
"""Asked in this order, in one transaction."""
