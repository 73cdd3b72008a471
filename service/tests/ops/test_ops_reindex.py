"""Reindexing: the manual's five indexes, statistics, integrity."""

import sqlite3

import orjson

from .conftest import Installation

INDEXES = [
    "idx_whatsapp_notificaciones_envio_pendiente",
    "idx_whatsapp_notificaciones_valorizacion",
    "idx_whatsapp_notificaciones_estado",
    "idx_whatsapp_contactos_empresa",
    "idx_whatsapp_plantillas_evento",
]


def test_the_five_indexes_are_rebuilt_and_the_integrity_is_good(filled: Installation) -> None:
    result = filled.run("reindex", "--json")

    assert result.code == 0, result.err
    assert result.json() == {"indexes": INDEXES, "integrity": "ok"}
    assert filled.maintenance() == [("INTEGRITY_CHECK", "ok"), ("REINDEX", "ok")]
    assert filled.metrics("reindex")["whatsapp_job_success"] == 1.0


def test_the_five_tables_have_statistics(filled: Installation) -> None:
    filled.run("reindex")

    analysed = {table for (table,) in filled.query("SELECT tbl FROM sqlite_stat1")}
    assert {"whatsapp_notificaciones", "whatsapp_contactos", "whatsapp_plantillas_mensajes"} <= analysed


def test_a_missing_index_fails_the_run_after_the_others_are_rebuilt(filled: Installation) -> None:
    filled.query("DROP INDEX idx_whatsapp_contactos_empresa")

    result = filled.run("reindex")

    assert result.code == 1
    assert "idx_whatsapp_contactos_empresa" in result.err
    assert filled.maintenance() == [("INTEGRITY_CHECK", "ok"), ("REINDEX", "error")]
    assert filled.metrics("reindex")["whatsapp_job_success"] == 0.0


def _damage(installation: Installation, index: str) -> None:
    """Point an index at another table's page: what integrity_check is there to find."""
    connection = sqlite3.connect(installation.database, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = "
        "'idx_whatsapp_historial_notificacion') WHERE name = ?",
        (index,),
    )
    connection.close()


def test_damage_is_found_and_reported(filled: Installation) -> None:
    _damage(filled, "idx_whatsapp_plantillas_nombre")

    result = filled.run("reindex")

    assert result.code == 1
    assert filled.metrics("reindex")["whatsapp_job_success"] == 0.0
    assert filled.maintenance() == [("INTEGRITY_CHECK", "error"), ("REINDEX", "error")]
    [(details,)] = filled.query(
        "SELECT details FROM system_maintenance_log WHERE operation = 'INTEGRITY_CHECK'"
    )
    problem = orjson.loads(str(details))["problem"]
    assert problem in result.err
    assert "+51987654321" not in problem
    assert filled.query("SELECT count(*) FROM whatsapp_tablas") == [(0,)]


def test_damage_that_stops_the_rebuilding_is_recorded_too(filled: Installation) -> None:
    [(root,)] = filled.query("SELECT rootpage FROM sqlite_master WHERE name = 'whatsapp_plantillas_mensajes'")
    [(size,)] = filled.query("PRAGMA page_size")
    assert isinstance(root, int)
    assert isinstance(size, int)
    filled.query("PRAGMA wal_checkpoint(TRUNCATE)")
    with filled.database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)

    result = filled.run("reindex")

    assert result.code == 1
    assert filled.maintenance() == [("INTEGRITY_CHECK", "error"), ("REINDEX", "error")]


def test_damage_where_the_result_is_kept_is_told_all_the_same(filled: Installation) -> None:
    _damage(filled, "idx_system_maintenance_log_operation")

    result = filled.run("reindex")

    assert result.code == 1
    assert "integrity_check encontró daños" in result.err
    assert filled.metrics("reindex")["whatsapp_job_success"] == 0.0
