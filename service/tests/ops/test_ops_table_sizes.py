"""Rows and bytes of each table after the maintenance, and where the database does not tell them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from libsql_client import Client, InArgs, InStatement, ResultSet, Statement, Transaction
from whatsapp_database import PermanentDatabaseError, TransientDatabaseError, open_database
from whatsapp_database.timestamps import to_text
from whatsapp_service.ops.table_sizes import measure_tables

from .conftest import NOW, Installation


class _WithoutSizes(Client):
    """A database that refuses `dbstat`, or gives up on it, as servers may."""

    def __init__(self, client: Client, refusal: Exception) -> None:
        self._client = client
        self._refusal = refusal

    async def execute(self, stmt: InStatement, args: InArgs = None) -> ResultSet:
        if "dbstat" in Statement.convert(stmt).sql:
            raise self._refusal
        return await self._client.execute(stmt, args)

    async def batch(self, stmts: list[InStatement]) -> list[ResultSet]:
        return await self._client.batch(stmts)

    def transaction(self) -> Transaction:
        return self._client.transaction()

    async def close(self) -> None:
        await self._client.close()

    @property
    def closed(self) -> bool:
        return self._client.closed


def _numbers(installation: Installation, query: str) -> dict[str, int]:
    return {str(name): int(str(number)) for name, number in installation.query(query)}


@pytest.mark.parametrize("job", ["cleanup", "reindex"])
def test_both_jobs_measure(filled: Installation, job: str) -> None:
    result = filled.run(job)

    assert result.code == 0, result.err
    kept = _numbers(filled, "SELECT tabla, filas FROM whatsapp_tablas")
    counted = {name: filled.query(f"SELECT count(*) FROM {name}")[0][0] for name in kept}  # noqa: S608
    # The row that tells of the run and the sizes themselves come after the measurement.
    for late in ("system_maintenance_log", "whatsapp_tablas"):
        del counted[late], kept[late]
    assert kept == counted
    assert kept["whatsapp_notificaciones"] == 7
    assert "schema_migrations" in kept
    assert not any(name.startswith("sqlite_") for name in kept)
    assert filled.query("SELECT DISTINCT medida_at FROM whatsapp_tablas") == [(to_text(NOW),)]


def test_bytes_are_those_of_a_table_and_its_indexes(filled: Installation) -> None:
    filled.query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
        "INSERT INTO whatsapp_historial_notificaciones (notificacion_id, estado_nuevo, detalle) "
        "SELECT i, 'ENVIADA', hex(randomblob(300)) FROM n"
    )

    filled.run("reindex")

    sizes = _numbers(filled, "SELECT tabla, bytes FROM whatsapp_tablas")
    pages = _numbers(filled, "SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
    both = ("whatsapp_historial_notificaciones", "idx_whatsapp_historial_notificacion")
    assert sizes["whatsapp_historial_notificaciones"] == sum(pages[name] for name in both)
    assert min(sizes.values()) > 0


def test_a_table_that_is_gone_is_forgotten(filled: Installation) -> None:
    filled.query("INSERT INTO whatsapp_tablas VALUES ('whatsapp_vieja', 5, 4096, '2025-01-01')")

    filled.run("cleanup")

    assert filled.query("SELECT * FROM whatsapp_tablas WHERE tabla = 'whatsapp_vieja'") == []


@pytest.mark.parametrize(
    "refusal",
    [
        PermanentDatabaseError("no such table: dbstat", "SQLITE_ERROR"),
        TransientDatabaseError("the server did not answer in time", "TIMEOUT"),
    ],
)
async def test_what_the_database_does_not_tell_is_left_empty(
    filled: Installation, refusal: Exception
) -> None:
    async with open_database(f"file:{filled.database}") as client:
        await measure_tables(client, lambda: NOW - timedelta(days=1))
        await measure_tables(_WithoutSizes(client, refusal), lambda: NOW)

    assert filled.query(
        "SELECT filas, bytes, medida_at FROM whatsapp_tablas WHERE tabla = ?", "whatsapp_contactos"
    ) == [(1, None, to_text(NOW))]
    assert filled.query("SELECT count(*) FROM whatsapp_tablas WHERE bytes IS NOT NULL") == [(0,)]
