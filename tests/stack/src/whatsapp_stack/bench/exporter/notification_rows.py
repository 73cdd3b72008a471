"""Rows of a database that has lived for 90 days, made by SQLite itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

COMPANIES: Final = 200
TEMPLATES: Final = 40
CONTACTS_OF_EACH: Final = 50
DAYS: Final = 90
RECENT_DAYS: Final = 2
"""Minutes and hours are kept for so long."""
_BATCH: Final = 500_000
_QUIET_SECONDS: Final = 3 * 3600.0
"""Between the last finished notification and now, so that nothing that it led to is in the future."""
_SCHEDULED_DAYS: Final = 30
"""A kept database still has its scheduled notifications for so long."""


@dataclass(frozen=True, slots=True)
class Rows:
    """How many notifications there are; `now` is Unix time in seconds, the end of their 90 days.

    `due` and `scheduled` of them wait to be sent, the others are finished.
    """

    notifications: int
    now: float
    due: int = 500
    scheduled: int = 2_000

    @property
    def finished(self) -> int:
        """Notifications that do not wait."""
        return self.notifications - self.due - self.scheduled


_PREFIXES: Final = ("+519", "+519", "+519", "+569", "+573", "+521", "+5939", "+5917", "+549", "+1786")

# Deterministic noise for each number: the upper bits of products with odd constants, 24 bits each.
# Without its limit each step would be flattened into the next, and its expressions computed at each use.
_NUMBERS: Final = """
WITH RECURSIVE number (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM number WHERE n < :last),
noise AS (SELECT n,
    ((n * 2654435761) % 4294967296) >> 8 AS a,
    ((n * 2246822519 + 374761393) % 4294967296) >> 8 AS b,
    ((n * 3266489917 + 668265263) % 4294967296) >> 8 AS c
    FROM number LIMIT -1),
"""

_FINISHED: Final = f"""{_NUMBERS}
life AS (SELECT n, b, c, 1 + n % {COMPANIES} AS empresa,
    CASE WHEN a % 1000 < 660 THEN 'LEIDA' WHEN a % 1000 < 930 THEN 'ENTREGADA'
        WHEN a % 1000 < 950 THEN 'ENVIADA' WHEN a % 1000 < 990 THEN 'ERROR'
        WHEN a % 1000 < 997 THEN 'CANCELADA' ELSE 'DESCONOCIDA' END AS estado,
    a % 2 AS half, (a >> 11) % 12 AS fault,
    CASE WHEN b % 33 = 0 THEN 2 + b % 3 ELSE 1 END AS tries,
    :began + (:ended - :began) * n / :count AS created,
    CASE WHEN c % 10 = 0 THEN c % 1800 ELSE 0 END AS wait,
    0.2 + (b % 2000) / 100.0 + CASE WHEN b % 50 = 0 THEN b % 1000 ELSE 0 END AS send,
    0.4 + (c % 700) / 100.0 + CASE WHEN c % 20 = 0 THEN c % 1800 ELSE 0 END AS deliver,
    3 + (b % 3600) * (c % 97) / 97.0 AS reading
    FROM noise LIMIT -1),
timed AS (SELECT *, estado IN ('ENVIADA', 'ENTREGADA', 'LEIDA') OR (estado = 'ERROR' AND half = 0) AS sent,
    created + wait AS due, created + wait + send AS left_at, created + wait + send + deliver AS arrived
    FROM life LIMIT -1),
row AS (SELECT n, empresa, estado, sent, tries, b, fault,
    (empresa - 1) * {CONTACTS_OF_EACH} + 1 + b % {CONTACTS_OF_EACH} AS contacto,
    1 + (empresa * 7 + (c % 8) * 5) % {TEMPLATES} AS plantilla,
    strftime('%Y-%m-%dT%H:%M:%fZ', created, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', due, 'unixepoch') AS due_at,
    CASE WHEN sent THEN strftime('%Y-%m-%dT%H:%M:%fZ', left_at, 'unixepoch') END AS sent_at,
    CASE WHEN estado IN ('ENTREGADA', 'LEIDA') THEN strftime('%Y-%m-%dT%H:%M:%fZ', arrived, 'unixepoch') END
        AS delivered_at,
    CASE WHEN estado = 'LEIDA' THEN strftime('%Y-%m-%dT%H:%M:%fZ', arrived + reading, 'unixepoch') END
        AS read_at,
    CASE WHEN estado = 'ERROR' THEN strftime('%Y-%m-%dT%H:%M:%fZ', left_at + 5 * sent, 'unixepoch') END
        AS failed_at
    FROM timed LIMIT -1)
INSERT INTO whatsapp_notificaciones (id, empresa_id, contacto_id, plantilla_id, evento, variables, estado,
    intentos, envio_numero, codigo_error, clase_error, whatsapp_message_id, programada_para, fecha_metrica,
    created_at, updated_at, enviada_at, entregada_at, leida_at, fallida_at, facturable, cobro_categoria,
    cobro_tipo)
SELECT n, empresa, contacto, plantilla, 'EVENTO_' || plantilla,
    '{{"nombre": "Obra ' || empresa || '", "monto": "' || n || '.00"}}', estado,
    CASE estado WHEN 'CANCELADA' THEN 0 ELSE tries END, CASE estado WHEN 'CANCELADA' THEN 0 ELSE tries END,
    CASE WHEN estado = 'ERROR' THEN fault.code END, CASE WHEN estado = 'ERROR' THEN fault.class END,
    CASE WHEN sent THEN printf('wamid.%032x', n) END, due_at, substr(created_at, 1, 10), created_at,
    coalesce(read_at, delivered_at, failed_at, sent_at, due_at), sent_at, delivered_at, read_at, failed_at,
    CASE WHEN delivered_at IS NOT NULL THEN b % 10 < 7 END,
    CASE WHEN delivered_at IS NOT NULL THEN CASE plantilla % 10 WHEN 9 THEN 'authentication'
        WHEN 8 THEN 'marketing' WHEN 7 THEN 'marketing' ELSE 'utility' END END,
    CASE WHEN delivered_at IS NOT NULL THEN iif(b % 10 < 7, 'regular', 'free_customer_service') END
FROM row JOIN temp.fault AS fault ON fault.number = row.fault
"""  # noqa: S608 - constant texts

_WAITING: Final = f"""{_NUMBERS}
row AS (SELECT n, 1 + n % {COMPANIES} AS empresa, b, c,
    strftime('%Y-%m-%dT%H:%M:%fZ', :now - (b % 600), 'unixepoch') AS created_at FROM noise LIMIT -1)
INSERT INTO whatsapp_notificaciones (id, empresa_id, contacto_id, plantilla_id, evento, variables, estado,
    programada_para, fecha_metrica, created_at, updated_at)
SELECT n, empresa, (empresa - 1) * {CONTACTS_OF_EACH} + 1 + b % {CONTACTS_OF_EACH},
    1 + (empresa * 7 + (c % 8) * 5) % {TEMPLATES}, 'EVENTO', '{{"nombre": "Obra"}}', 'PENDIENTE',
    CASE WHEN n <= :last_due THEN created_at
        ELSE strftime('%Y-%m-%dT%H:%M:%fZ', :now + {_SCHEDULED_DAYS * 86_400} + b % 86400, 'unixepoch') END,
    substr(created_at, 1, 10), created_at, created_at
FROM row
"""  # noqa: S608 - constant texts

# Our classes of errors and Meta's codes, as they come in life.
_FAULTS: Final = (
    *((131026, "recipient"), (131026, "recipient"), (131026, "recipient"), (131047, "recipient")),
    *((131049, "deferred"), (131049, "deferred"), (132001, "template"), (132015, "template_held")),
    *((131056, "recipient_throttled"), (131000, "transient"), (None, "network"), (131009, "request")),
)


def insert_surroundings(connection: sqlite3.Connection) -> None:
    """Companies, contacts in eight countries, templates of three categories, what maintenance has written."""
    connection.executemany(
        "INSERT INTO whatsapp_configuracion_horarios (id, empresa_id, empresa_nombre) VALUES (?, ?, ?)",
        ((number, number, f"Constructora {number}") for number in range(1, COMPANIES + 1)),
    )
    connection.executemany(
        """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, idioma, categoria, cuerpo, variables)
        VALUES (?, ?, ?, 'es_PE', ?, 'Hola {{1}}', '["nombre"]')""",
        (
            (number, f"EVENTO_{number}", f"plantilla_{number}", _category(number))
            for number in range(1, TEMPLATES + 1)
        ),
    )
    connection.executemany(
        "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono) VALUES (?, ?, ?, ?)",
        (
            (number, 1 + (number - 1) // CONTACTS_OF_EACH, "Ana", _telephone(number))
            for number in range(1, COMPANIES * CONTACTS_OF_EACH + 1)
        ),
    )
    connection.executemany(
        "INSERT INTO system_maintenance_log (operation, details, duration_ms) VALUES (?, '{}', 1000)",
        (
            (operation,)
            for operation in ("DATA_CLEANUP", "BACKUP", "REINDEX", "DAILY_REPORT")
            for _ in range(DAYS)
        ),
    )


def insert_notifications(connection: sqlite3.Connection, rows: Rows) -> Iterator[int]:
    """Insert them all, oldest first; yields how many there are from time to time.

    The triggers of the schema must be away: the rows are as their lives ended.
    """
    connection.execute("CREATE TEMP TABLE fault (number INTEGER PRIMARY KEY, code INTEGER, class TEXT)")
    connection.executemany(
        "INSERT INTO temp.fault VALUES (?, ?, ?)",
        ((number, code, name) for number, (code, name) in enumerate(_FAULTS)),
    )
    times = {
        "began": rows.now - DAYS * 86_400,
        "ended": rows.now - _QUIET_SECONDS,
        "count": float(rows.finished),
    }
    for first in range(1, rows.finished + 1, _BATCH):
        last = min(first + _BATCH - 1, rows.finished)
        connection.execute(_FINISHED, {**times, "first": first, "last": last})
        yield last
    connection.execute(
        _WAITING,
        {
            "first": rows.finished + 1,
            "last": rows.notifications,
            "last_due": rows.finished + rows.due,
            "now": rows.now,
        },
    )
    connection.execute("DROP TABLE temp.fault")
    yield rows.notifications


def _category(template: int) -> str:
    return {9: "AUTHENTICATION", 8: "MARKETING", 7: "MARKETING"}.get(template % 10, "UTILITY")


def _telephone(contact: int) -> str:
    return f"{_PREFIXES[contact % len(_PREFIXES)]}{contact:07d}"
