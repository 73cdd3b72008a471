"""What is asked of the database at a scrape.

Nothing here reads the notifications row by row: counts come from the aggregates that triggers keep, times
from the ends of an index. The one that counts (due notifications) walks a partial index over what waits to
be sent, so it costs with the backlog, not with the table.
"""

COUNTS_BY_STATE = "SELECT estado, sum(total) AS total FROM whatsapp_conteo_estados GROUP BY estado"

TOTALS = "SELECT nombre, clave AS empresa_id, valor FROM whatsapp_contadores WHERE dimension = 'empresa'"

COMPANIES = "SELECT empresa_id FROM whatsapp_configuracion_horarios"

# The index holds (prioridad, programada_para) of pending rows only. It is named because SQLite's planner
# prefers the one over all states, which reads every pending row (three times slower at 100,000).
DUE = """
SELECT count(*) AS total
FROM whatsapp_notificaciones INDEXED BY idx_whatsapp_notificaciones_envio_pendiente
WHERE estado = 'PENDIENTE' AND prioridad IN (0, 1, 2) AND programada_para <= ?
"""

OLDEST_PENDING = """
SELECT min(oldest) AS oldest FROM (
    SELECT (
        SELECT min(programada_para)
        FROM whatsapp_notificaciones INDEXED BY idx_whatsapp_notificaciones_envio_pendiente
        WHERE estado = 'PENDIENTE' AND prioridad = priorities.column1
    ) AS oldest
    FROM (VALUES (0), (1), (2)) AS priorities
)
"""

SIZE = "SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size"

SCHEMA_VERSION = "SELECT max(version) AS version FROM schema_migrations"

# Steps from one operation to the next in the index instead of reading the log.
LAST_MAINTENANCE = """
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
) AS executed_at
FROM operations WHERE operation IS NOT NULL
"""
