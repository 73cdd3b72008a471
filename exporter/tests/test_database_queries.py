"""No query costs more when there are more notifications."""

import contextlib
import re
import sqlite3
from datetime import UTC, datetime
from typing import Final

import pytest
from libsql_client import Client, Statement
from whatsapp_exporter.collectors.database import queries
from whatsapp_exporter.collectors.database.collector import parameters

VALUES = parameters(datetime(2026, 1, 15, 12, 0, 30, tzinfo=UTC), 900)

SMALL: Final = {
    "whatsapp_conteo_estados": "companies times states",
    "whatsapp_contadores": "companies, templates, countries, errors",
    "whatsapp_configuracion_horarios": "companies",
    "whatsapp_plantillas_mensajes": "templates",
    "whatsapp_duraciones": "buckets",
    "whatsapp_tablas": "tables",
    "whatsapp_pausas_envio": "pauses",
    "schema_migrations": "migrations",
    "operations": "kinds of maintenance, from the end of an index to the next",
    "priorities": "three",
    "pragma_page_count": "one",
    "pragma_page_size": "one",
    "pragma_freelist_count": "one",
    "(subquery-2)": "three",
    "3": "constant rows",
}
"""What may be read from its beginning to its end, and how much that is."""
BACKLOG: Final = {"idx_whatsapp_webhook_eventos_pendientes": "what waits"}
"""Partial indexes that may be."""
FINISHED: Final = (
    """INSERT INTO whatsapp_notificaciones
    (empresa_id, contacto_id, plantilla_id, evento, estado, enviada_at, entregada_at, leida_at)
    VALUES (7, 1, 1, 'e', 'LEIDA', ?1, ?1, ?1)""",
    "INSERT INTO whatsapp_webhook_eventos (cuerpo, received_at, procesado_at) VALUES (x'', ?1, ?1)",
    "INSERT INTO system_maintenance_log (operation, executed_at) VALUES ('BACKUP', ?1)",
)
ROWS: Final = 500


@pytest.mark.parametrize("query", queries.ALL, ids=lambda query: query.name)
async def test_reads_small_tables_or_by_index(database: Client, query: queries.Query) -> None:
    statement = query.statement(VALUES)
    plan = await database.execute(f"EXPLAIN QUERY PLAN {query.sql}", statement.args)
    steps = [str(row["detail"]) for row in plan]
    assert steps
    for step in steps:
        read = re.match(r"(SCAN|SEARCH) (\S+)( USING \D*(?:INDEX (\S+)|PRIMARY KEY))?", step)
        if read is not None and read[2] not in SMALL:
            assert read[3], steps
            assert read[1] == "SEARCH" or read[4] in BACKLOG, steps


async def test_all_queries_are_asked() -> None:
    defined = {one for one in vars(queries).values() if isinstance(one, queries.Query)}
    assert defined == set(queries.ALL)
    assert len({query.name for query in queries.ALL}) == len(queries.ALL)


def test_windows() -> None:
    assert VALUES == {
        queries.NOW: "2026-01-15T12:00:30.000Z",
        queries.STATUS_EXPECTED_FROM: "2026-01-14T12:00",
        queries.STATUS_EXPECTED_UNTIL: "2026-01-15T11:45",
        queries.RECIPIENTS_FROM: "2026-01-14T12",
    }


async def test_work_does_not_grow_with_what_is_done(database: Client, database_url: str) -> None:
    """A database with many notifications, webhook calls and maintenance runs, against one with none."""
    # Both have the one operation, so that its search is in the comparison.
    await database.execute("INSERT INTO system_maintenance_log (operation) VALUES ('BACKUP')")
    before = instructions(database_url)
    for sql in FINISHED:
        await database.batch([Statement(sql, ["2026-01-10T11:00:00.000Z"])] * ROWS)
    after = instructions(database_url)
    # What is there at all (a company's state, a country) costs a few; reading rows would cost some for each.
    assert {name: after[name] - count for name, count in before.items() if after[name] > count + ROWS} == {}


def instructions(url: str) -> dict[str, int]:
    """How many instructions SQLite's virtual machine executes for each query."""
    done = 0

    def count() -> int:
        nonlocal done
        done += 1
        return 0

    counts = {}
    with contextlib.closing(sqlite3.connect(url.removeprefix("file:"))) as connection:
        for query in queries.ALL:
            connection.execute(query.sql, [VALUES[name] for name in query.parameters]).fetchall()
            done = 0
            connection.set_progress_handler(count, 1)
            connection.execute(query.sql, [VALUES[name] for name in query.parameters]).fetchall()
            connection.set_progress_handler(None, 1)
            counts[query.name] = done
    return counts
