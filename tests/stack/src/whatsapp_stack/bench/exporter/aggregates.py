"""The aggregates of a database whose notifications were inserted without triggers, by counting them once.

What the triggers would have made of the same lives, with the rows that stay at zero, and without the minutes
and hours that the cleanup takes away. A test lets the triggers do it and compares every table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from whatsapp_stack.bench.exporter.notification_rows import DAYS, RECENT_DAYS, Rows

# One pass each over the notifications: by what the counters are of, by contact, by time that something took.
_CELLS: Final = """CREATE TEMP TABLE cell AS
    SELECT fecha_metrica, empresa_id, plantilla_id, estado, facturable, cobro_categoria, cobro_tipo,
        count(*) AS accepted, count(enviada_at) AS sent, count(entregada_at) AS delivered,
        count(leida_at) AS "read", count(fallida_at) AS failed, sum(max(intentos - 1, 0)) AS retried
    FROM whatsapp_notificaciones GROUP BY 1, 2, 3, 4, 5, 6, 7"""

# Companies times templates are few: what is summed up by either comes from here.
_PAIRS: Final = """CREATE TEMP TABLE pair AS
    SELECT empresa_id, plantilla_id, sum(accepted) AS accepted, sum(sent) AS sent,
        sum(delivered) AS delivered, sum("read") AS "read", sum(failed) AS failed, sum(retried) AS retried,
        sum(iif(estado = 'DESCONOCIDA', accepted, 0)) AS unknown,
        sum(iif(facturable = 1, accepted, 0)) AS billable
    FROM temp.cell GROUP BY 1, 2"""

_CONTACTS: Final = """CREATE TEMP TABLE contact AS
    SELECT contacto_id, count(*) AS accepted, count(enviada_at) AS sent, count(entregada_at) AS delivered,
        count(leida_at) AS "read", count(fallida_at) AS failed, max(enviada_at) AS last
    FROM whatsapp_notificaciones GROUP BY 1"""

_SPANS: Final = (
    ("accepted_to_sent", "created_at", "enviada_at"),
    ("due_to_sent", "programada_para", "enviada_at"),
    ("sent_to_delivered", "enviada_at", "entregada_at"),
    ("delivered_to_read", "entregada_at", "leida_at"),
)
_COUNTED: Final = ("accepted", "sent", "delivered", "read", "failed")


def fill_aggregates(connection: sqlite3.Connection, rows: Rows) -> Iterator[str]:
    """Fill every table of aggregates; yields what was just done, for who waits."""
    connection.execute(_CELLS)
    connection.execute(_PAIRS)
    yield "counted by day, company, template and state"
    connection.execute(_CONTACTS)
    yield "counted by contact"
    _states(connection)
    _counters(connection)
    _days(connection)
    yield "kept counts are filled"
    _durations(connection)
    yield "times are in buckets"
    _minutes_and_hours(connection, rows)
    _tables(connection, rows)
    for name in ("cell", "pair", "contact"):
        connection.execute(f"DROP TABLE temp.{name}")


def _states(connection: sqlite3.Connection) -> None:
    connection.execute("""INSERT INTO whatsapp_conteo_estados (empresa_id, estado, total)
        SELECT empresa_id, estado, sum(accepted) FROM temp.cell GROUP BY 1, 2""")
    # Every state that a notification has passed has its row.
    connection.execute("""INSERT OR IGNORE INTO whatsapp_conteo_estados (empresa_id, estado, total)
        SELECT DISTINCT empresa_id, passed.column1, 0 FROM temp.cell,
            (VALUES ('PENDIENTE'), ('ENVIADA'), ('ENTREGADA')) AS passed WHERE sent > 0""")


def _counters(connection: sqlite3.Connection) -> None:
    for name in _COUNTED:
        for dimension, key, source in (
            ("empresa", "empresa_id", "temp.pair"),
            ("plantilla", "plantilla_id", "temp.pair"),
            (
                "categoria",
                "categoria",
                "temp.pair JOIN whatsapp_plantillas_mensajes ON id = plantilla_id",
            ),
            ("pais", "pais", "temp.contact JOIN whatsapp_contactos ON id = contacto_id"),
        ):
            connection.execute(
                f"""INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
                SELECT ?, ?, {key}, sum("{name}") FROM {source} GROUP BY 3 HAVING sum("{name}") > 0""",  # noqa: S608
                (name, dimension),
            )
    connection.execute("""INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
        SELECT 'failed', 'error', coalesce(clase_error, '') || '/' || coalesce(codigo_error, ''), count(*)
        FROM whatsapp_notificaciones WHERE estado = 'ERROR' GROUP BY 3""")
    connection.execute("""INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
        SELECT iif(facturable, 'billable', 'free'), 'cobro',
            coalesce(cobro_categoria, '') || '/' || coalesce(cobro_tipo, ''), sum(accepted)
        FROM temp.cell WHERE facturable IS NOT NULL GROUP BY 1, 3""")
    connection.execute("""INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
        SELECT 'billable', 'empresa', empresa_id, sum(billable) FROM temp.pair
        WHERE billable > 0 GROUP BY 3""")
    for name in ("retried", "unknown"):
        connection.execute(
            f"""UPDATE whatsapp_contadores SET valor = (SELECT sum({name}) FROM temp.pair)
            WHERE nombre = ? AND dimension = 'total' AND clave = ''""",  # noqa: S608 - constant texts
            (name,),
        )


def _days(connection: sqlite3.Connection) -> None:
    connection.execute("""INSERT INTO whatsapp_metricas_diarias
        (fecha_metrica, empresa_id, plantilla_id, total, enviadas, entregadas, leidas, errores)
        SELECT fecha_metrica, empresa_id, plantilla_id, sum(accepted), sum(sent), sum(delivered), sum("read"),
            sum(iif(estado = 'ERROR', accepted, 0))
        FROM temp.cell GROUP BY 1, 2, 3""")


def _durations(connection: sqlite3.Connection) -> None:
    limits = [
        limit
        for (limit,) in connection.execute("SELECT DISTINCT limite FROM whatsapp_duraciones ORDER BY limite")
    ]
    times = sorted({column for _, *columns in _SPANS for column in columns})
    days = ", ".join(f"julianday({column}) AS {column}" for column in times)
    seconds = ", ".join(
        f"max(0, round(({until} - {since}) * 86400, 3)) AS {name}" for name, since, until in _SPANS
    )
    buckets = ", ".join(f"{_bucket(name, limits)} AS {name}_limit" for name, _, _ in _SPANS)
    sums = ", ".join(f"sum({name}) AS {name}" for name, _, _ in _SPANS)
    groups = ", ".join(f"{name}_limit" for name, _, _ in _SPANS)
    # Without the limits SQLite would flatten the subqueries and read each time anew at each comparison.
    connection.execute(
        f"""CREATE TEMP TABLE span AS SELECT {groups}, count(*) AS total, {sums} FROM (
            SELECT *, {buckets} FROM (
                SELECT {seconds} FROM (
                    SELECT {days} FROM whatsapp_notificaciones WHERE enviada_at IS NOT NULL
                    LIMIT -1) LIMIT -1)
            LIMIT -1)
        GROUP BY {groups}"""  # noqa: S608 - names of columns, and limits out of the schema
    )
    for name, _, _ in _SPANS:
        connection.execute(
            f"""UPDATE whatsapp_duraciones SET total = found.total, suma = found.suma FROM (
                SELECT {name}_limit AS limite, sum(total) AS total, sum({name}) AS suma FROM temp.span
                WHERE {name}_limit IS NOT NULL GROUP BY 1) AS found
            WHERE whatsapp_duraciones.nombre = ? AND whatsapp_duraciones.limite = found.limite""",  # noqa: S608
            (name,),
        )
    connection.execute("DROP TABLE temp.span")


def _bucket(name: str, limits: list[float]) -> str:
    """The upper bound of the bucket that a number falls into, found by halves; NULL stays NULL."""
    if len(limits) == 1:
        return f"CASE WHEN {name} IS NOT NULL THEN {limits[0]!r} END"
    middle = (len(limits) - 1) // 2
    return (
        f"CASE WHEN {name} <= {limits[middle]!r} THEN {_bucket(name, limits[: middle + 1])}"
        f" ELSE {_bucket(name, limits[middle + 1 :])} END"
    )


def _minutes_and_hours(connection: sqlite3.Connection, rows: Rows) -> None:
    since = f"strftime('%Y-%m-%dT%H:%M:%fZ', {rows.now - RECENT_DAYS * 86_400!r}, 'unixepoch')"
    # Ids are in order of creation, at most half an hour before a sending: no other index knows the times.
    recent = f"id > {int(rows.finished * (1 - (RECENT_DAYS + 0.2) / DAYS))} AND enviada_at >= {since}"
    connection.execute(
        f"""INSERT INTO whatsapp_enviadas_minuto (minuto, total)
        SELECT substr(enviada_at, 1, 16), sum(estado = 'ENVIADA') FROM whatsapp_notificaciones
        WHERE {recent} AND estado IN ('ENVIADA', 'ENTREGADA', 'LEIDA', 'ERROR') GROUP BY 1"""  # noqa: S608
    )
    connection.execute("""UPDATE whatsapp_contactos SET ultimo_envio_at = contact.last
        FROM temp.contact AS contact
        WHERE contact.contacto_id = whatsapp_contactos.id""")
    connection.execute(
        f"""INSERT INTO whatsapp_destinatarios_hora (hora, total)
        SELECT substr(last, 1, 13), count(*) FROM temp.contact
        WHERE last >= substr({since}, 1, 13) GROUP BY 1"""  # noqa: S608
    )
    connection.execute(
        f"""INSERT OR IGNORE INTO whatsapp_destinatarios_hora (hora, total)
        SELECT DISTINCT substr(enviada_at, 1, 13), 0 FROM whatsapp_notificaciones WHERE {recent}"""  # noqa: S608
    )


def _tables(connection: sqlite3.Connection, rows: Rows) -> None:
    names = connection.execute("""SELECT name FROM sqlite_master WHERE type = 'table'
        AND name GLOB 'whatsapp_*' AND name NOT IN ('whatsapp_notificaciones', 'whatsapp_tablas')
        """).fetchall()
    counts = [
        (name, connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 - of the schema
        for (name,) in names
    ]
    connection.executemany(
        """INSERT OR REPLACE INTO whatsapp_tablas (tabla, filas, bytes, medida_at)
        VALUES (?, ?, NULL, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))""",
        [("whatsapp_notificaciones", rows.notifications), *counts],
    )
