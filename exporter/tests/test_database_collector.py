"""The database collector against a real, migrated database."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from libsql_client import Client
from whatsapp_database import migrate, open_database, packaged_migrations
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.database import DatabaseCollector
from whatsapp_exporter.collectors.database.config import DatabaseConfig
from whatsapp_exporter.collectors.database.queue import STATES
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily, Family

CheckGolden = Callable[[str, str], None]
NOW = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)


def collector(url: str) -> DatabaseCollector:
    """A collector for which it is NOW."""
    return DatabaseCollector(
        DatabaseConfig(url=url), CollectorSurroundings("", None, NOW.timestamp, time.monotonic)
    )


async def add(
    client: Client, estado: str = "PENDIENTE", due: str = "2026-01-15T11:00:00.000Z", company: int = 7
) -> int:
    """Store one notification and return its id."""
    stored = await client.execute(
        "INSERT INTO whatsapp_notificaciones"
        " (empresa_id, contacto_id, plantilla_id, evento, programada_para, created_at)"
        " VALUES (?, 1, 1, 'e', ?, '2026-01-15T10:59:00.000Z')",
        [company, due],
    )
    assert stored.last_insert_rowid is not None
    if estado != "PENDIENTE":
        await client.execute(
            "UPDATE whatsapp_notificaciones SET estado = ? WHERE id = ?", [estado, stored.last_insert_rowid]
        )
    return stored.last_insert_rowid


async def send(client: Client, number: int, moment: str) -> int:
    """Mark a notification as sent then."""
    await client.execute(
        "UPDATE whatsapp_notificaciones SET estado = 'ENVIADA', intentos = 1, enviada_at = ? WHERE id = ?",
        [moment, number],
    )
    return number


def samples(families: Sequence[AnyFamily]) -> dict[tuple[str, ...], float]:
    """(name, label values) -> value."""
    return {
        (one.definition.name, *labels): value
        for one in families
        if isinstance(one, Family)
        for labels, value in one.samples.items()
    }


async def test_matches_golden_and_readme(
    database: Client, database_url: str, check_golden: CheckGolden
) -> None:
    await database.execute(
        "INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre) VALUES (7, 'Obras SAC')"
    )
    await add(database, "PENDIENTE", "2026-01-15T11:58:30.000Z")
    await add(database, "PENDIENTE", "2026-01-16T08:00:00.000Z")
    await send(database, await add(database), "2026-01-15T11:00:00.400Z")
    read = await send(database, await add(database), "2026-01-15T11:30:00.000Z")
    await database.execute(
        "UPDATE whatsapp_notificaciones SET estado = 'LEIDA', entregada_at = '2026-01-15T11:30:04.000Z',"
        " leida_at = '2026-01-15T11:50:00.000Z', facturable = 1, cobro_categoria = 'utility',"
        " cobro_tipo = 'regular' WHERE id = ?",
        [read],
    )
    failed = await add(database, company=9)
    await database.execute(
        "UPDATE whatsapp_notificaciones SET estado = 'ERROR', intentos = 3, clase_error = 'recipient',"
        " codigo_error = 131026 WHERE id = ?",
        [failed],
    )
    await add(database, "DESCONOCIDA", company=9)
    await database.execute(
        "INSERT INTO system_maintenance_log (operation, executed_at, result) VALUES"
        " ('BACKUP', '2026-01-15T08:00:00.000Z', 'ok'), ('BACKUP', '2026-01-14T08:00:00.000Z', 'ok'),"
        " ('BACKUP', '2026-01-15T09:00:00.000Z', 'error'), ('REINDEX', '2026-01-15T09:00:00.000Z', 'error'),"
        " ('DATA_CLEANUP', '2026-01-15 07:00:00', 'ok'),"
        " ('INTEGRITY_CHECK', '2026-01-15T06:00:00.000Z', 'ok')"
    )
    await database.execute(
        "INSERT INTO whatsapp_tablas (tabla, filas, bytes, medida_at) VALUES"
        " ('whatsapp_contactos', 1, 8192, '2026-01-15T06:00:00.000Z'),"
        " ('whatsapp_notificaciones', 6, NULL, '2026-01-15T06:00:00.000Z')"
    )
    await database.execute(
        "INSERT INTO whatsapp_webhook_eventos (cuerpo, received_at, procesado_at) VALUES"
        " (x'7b7d', '2026-01-15T11:00:00.000Z', '2026-01-15T11:00:01.000Z'),"
        " (x'7b7d', '2026-01-15T11:59:00.000Z', NULL), (x'7b7d', '2026-01-15T11:59:30.000Z', NULL)"
    )
    await database.execute(
        "INSERT INTO whatsapp_pausas_envio (alcance, objeto_id, origen, motivo, creada_por, desde, hasta)"
        " VALUES ('empresa', 7, 'operador', 'm', 'c', '2026-01-15T00:00:00.000Z', NULL),"
        " ('todo', 0, 'meta', 'm', 'c', '2026-01-15T00:00:00.000Z', '2026-01-15T11:59:59.999Z')"
    )
    page = PageEncoder().encode(await collector(database_url).collect(), Form.TEXT, gzip=False)
    text = page.decode()
    # Sizes depend on SQLite's build, the version on how many migrations there are.
    for name, shown in (("size_bytes", "258048.0"), ("free_bytes", "4096.0"), ("schema_version", "4.0")):
        text = re.sub(rf"(?m)^whatsapp_database_{name} .*$", f"whatsapp_database_{name} {shown}", text)
    check_golden("database", text)


async def test_empty_database_has_every_state_at_zero(database: Client, database_url: str) -> None:
    found = samples(list(await collector(database_url).collect()))
    assert [found["whatsapp_database_notifications", state] for state in STATES] == [0] * len(STATES)
    assert found["whatsapp_database_due_notifications",] == 0
    assert found["whatsapp_database_oldest_due_age_seconds",] == 0
    assert found["whatsapp_database_schema_version",] == len(packaged_migrations())
    size = await database.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    assert found["whatsapp_database_size_bytes",] == size[0][0]


async def test_counters_of_a_configured_company_start_at_zero(database: Client, database_url: str) -> None:
    await database.execute(
        "INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre) VALUES (42, 'Obra')"
    )
    found = samples(list(await collector(database_url).collect()))
    names = ("accepted", "sent", "delivered", "read", "failed")
    assert [found[f"whatsapp_database_{name}_total", "42"] for name in names] == [0] * 5


async def test_counters_outlive_deleted_notifications(database: Client, database_url: str) -> None:
    await add(database, "ENTREGADA")
    await database.execute("DELETE FROM whatsapp_notificaciones")
    found = samples(list(await collector(database_url).collect()))
    assert found["whatsapp_database_delivered_total", "7"] == 1
    assert found["whatsapp_database_notifications", "ENTREGADA"] == 0


async def test_states_are_those_of_the_schema(database: Client) -> None:
    table = await database.execute("SELECT sql FROM sqlite_master WHERE name = 'whatsapp_notificaciones'")
    allowed = re.search(r"CHECK \(estado IN\s*\(([^)]*)\)", str(table[0]["sql"]))
    assert allowed is not None
    assert set(re.findall(r"[A-Z]+", allowed[1])) == set(STATES)


async def test_absent_database_fails(database_url: str) -> None:
    with pytest.raises(CollectionError, match="cannot be read"):
        await collector(database_url).collect()


async def test_database_without_our_schema_fails(database_url: str) -> None:
    client = open_database(database_url)
    await client.execute("CREATE TABLE other (id INTEGER)")
    await client.close()
    with pytest.raises(CollectionError, match="no such table"):
        await collector(database_url).collect()


async def test_corrupt_database_fails(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"not a database at all" * 500)
    with pytest.raises(CollectionError, match="cannot be read"):
        await collector(f"file:{path}").collect()


async def test_replaced_file_is_seen(database: Client, database_url: str, tmp_path: Path) -> None:
    await add(database, "PENDIENTE")
    reader = collector(database_url)
    before = samples(list(await reader.collect()))
    await database.close()
    restored = tmp_path / "restored.db"
    other = open_database(f"file:{restored}")
    await migrate(other)
    await other.close()
    restored.replace(tmp_path / "notifications.db")
    after = samples(list(await reader.collect()))
    assert before["whatsapp_database_due_notifications",] == 1
    assert after["whatsapp_database_due_notifications",] == 0


async def test_unreadable_time_fails(database: Client, database_url: str) -> None:
    await add(database, "PENDIENTE", "0000 soon")
    with pytest.raises(CollectionError, match="oldest pending notification: oldest is not a time"):
        await collector(database_url).collect()


async def test_two_hundred_companies_stay_under_three_thousand_series(
    database: Client, database_url: str
) -> None:
    """With 40 templates, 40 countries, 100 kinds of error and 30 tables."""
    await database.batch(
        [
            "CREATE TABLE n (i INTEGER)",
            """INSERT INTO n WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 200)
            SELECT i FROM s""",
            """INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre)
            SELECT i, 'Empresa ' || i FROM n""",
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
            SELECT i, 'e', 'plantilla', 'Hola' FROM n WHERE i BETWEEN 2 AND 40""",
            """INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
            SELECT 'accepted', 'pais', pais, 1 FROM (SELECT DISTINCT pais FROM whatsapp_paises LIMIT 40)""",
            """INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor)
            SELECT 'failed', 'error', 'recipient/' || (131000 + i), 1 FROM n WHERE i <= 100""",
            """INSERT INTO whatsapp_tablas (tabla, filas, bytes, medida_at)
            SELECT 'tabla_' || i, 1, 1, '2026-01-15' FROM n WHERE i <= 30""",
        ]
    )
    page = PageEncoder().encode(await collector(database_url).collect(), Form.TEXT, gzip=False)
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    assert 2000 < len(lines) < 3000
