"""Retention: what the manual deletes goes, everything else stays, in batches that hold nobody up."""

from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest
from whatsapp_database import PoolSettings, open_database
from whatsapp_service.ops.disk_usage import WARNING_PERCENT, DiskUsage, disk_usage
from whatsapp_service.ops.free_pages import PAGES_PER_STEP, release_free_pages
from whatsapp_service.ops.retention import Retention, clean_up
from whatsapp_service.settings import Settings

from .conftest import NOW, Installation

# In Lima it is 23 January: 90 days before is 25 October, whose midnight is 05:00 UTC.
EXPIRED = "2024-10-25T04:59:59.999Z"
KEPT = "2024-10-25T05:00:00.000Z"
STATES = ("PENDIENTE", "ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "CANCELADA", "DESCONOCIDA")


def _states(installation: Installation) -> list[object]:
    return [
        state for (state,) in installation.query("SELECT estado FROM whatsapp_notificaciones ORDER BY estado")
    ]


def test_finished_notifications_older_than_90_days_go_and_unfinished_ones_stay(
    filled: Installation, add: Callable[..., None]
) -> None:
    filled.query("DELETE FROM whatsapp_notificaciones")
    for state in STATES:
        add(filled, state, created_at=EXPIRED)

    result = filled.run("cleanup", "--json")

    assert result.code == 0, result.err
    assert _states(filled) == ["DESCONOCIDA", "PENDIENTE"]
    deleted = result.json()["deleted"]
    assert isinstance(deleted, dict)
    assert deleted["whatsapp_notificaciones"] == 5


def test_a_notification_of_the_90th_day_stays(filled: Installation, add: Callable[..., None]) -> None:
    filled.query("DELETE FROM whatsapp_notificaciones")
    add(filled, "LEIDA", created_at=KEPT)

    filled.run("cleanup")

    assert _states(filled) == ["LEIDA"]


@pytest.mark.parametrize(
    ("table", "insert", "expired", "kept"),
    [
        (
            "whatsapp_historial_notificaciones",
            "(notificacion_id, estado_nuevo, created_at) VALUES (1, 'ENVIADA', ?)",
            "2024-07-27T04:59:59.999Z",
            "2024-07-27T05:00:00.000Z",
        ),
        (
            "whatsapp_metricas_diarias",
            "(fecha_metrica, empresa_id, plantilla_id) VALUES (?, 1, 1)",
            "2024-01-23",
            "2024-01-24",
        ),
        (
            "whatsapp_webhook_eventos",
            "(cuerpo, received_at) VALUES (x'00', ?)",
            "2024-12-24T04:59:59.999Z",
            "2024-12-24T05:00:00.000Z",
        ),
        (
            "whatsapp_claves_idempotencia",
            "(cliente, clave, huella, notificacion_id, created_at) VALUES ('c', random(), 'h', 1, ?)",
            "2024-12-24T04:59:59.999Z",
            "2024-12-24T05:00:00.000Z",
        ),
        (
            "whatsapp_eventos_cuenta",
            "(campo, huella, ocurrido_at, received_at) VALUES ('f', random(), '2024-01-01', ?)",
            "2024-01-24T04:59:59.999Z",
            "2024-01-24T05:00:00.000Z",
        ),
        (
            "whatsapp_pausas_envio",
            (
                "(alcance, objeto_id, origen, motivo, creada_por, desde, hasta) "
                "VALUES ('empresa', random(), 'operador', 'm', 'x', '2025-01-01', ?)"
            ),
            "2025-01-23T07:59:59.999Z",
            "2025-01-23T08:00:00.000Z",
        ),
        ("whatsapp_enviadas_minuto", "(minuto, total) VALUES (?, 1)", "2025-01-21T07:59", "2025-01-21T08:00"),
        ("whatsapp_destinatarios_hora", "(hora, total) VALUES (?, 1)", "2025-01-21T07", "2025-01-21T08"),
        (
            "whatsapp_ritmo_destinatarios",
            "(telefono, libre_desde) VALUES (random(), ?)",
            NOW.timestamp() - 0.001,
            NOW.timestamp(),
        ),
    ],
)
def test_each_table_has_its_own_days(
    installation: Installation, table: str, insert: str, expired: object, kept: object
) -> None:
    for value in (expired, kept):
        installation.query(f"INSERT INTO {table} {insert}", value)

    result = installation.run("cleanup", "--json")

    assert result.code == 0, result.err
    assert installation.query(f"SELECT count(*) FROM {table}") == [(1,)]  # noqa: S608 (names of this test)
    deleted = result.json()["deleted"]
    assert isinstance(deleted, dict)
    assert deleted[table] == 1


def test_a_pause_without_end_stays(installation: Installation) -> None:
    installation.run("pause", "--reason", "hasta nuevo aviso")

    installation.run("cleanup")

    assert installation.query("SELECT motivo FROM whatsapp_pausas_envio") == [("hasta nuevo aviso",)]


def test_the_settings_say_how_many_days(filled: Installation, add: Callable[..., None]) -> None:
    filled.query("DELETE FROM whatsapp_notificaciones")
    add(filled, "LEIDA", created_at="2025-01-20T12:00:00.000Z")
    filled.environ["RETENTION_NOTIFICATIONS_DAYS"] = "2"

    filled.run("cleanup")

    assert _states(filled) == []


def test_a_second_cleanup_finds_nothing(filled: Installation, add: Callable[..., None]) -> None:
    add(filled, "LEIDA", created_at=EXPIRED)
    filled.run("cleanup")

    again = filled.run("cleanup", "--json").json()["deleted"]

    assert isinstance(again, dict)
    assert set(again.values()) == {0}


def test_the_kept_aggregates_still_agree_with_the_rows(
    filled: Installation, add: Callable[..., None]
) -> None:
    for _ in range(3):
        add(filled, "LEIDA", created_at=EXPIRED)

    filled.run("cleanup")

    counted = filled.query(
        "SELECT estado, count(*) FROM whatsapp_notificaciones GROUP BY estado ORDER BY estado"
    )
    kept = filled.query("SELECT estado, total FROM whatsapp_conteo_estados WHERE total > 0 ORDER BY estado")
    assert counted == kept


async def test_many_batches_delete_all_that_has_expired(installation: Installation) -> None:
    installation.query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO whatsapp_historial_notificaciones (notificacion_id, estado_nuevo, detalle, created_at) "
        "SELECT i, 'ENVIADA', hex(randomblob(300)), iif(i % 5 = 0, '2025-01-01', '2020-01-01') FROM n"
    )
    retention = Retention(notifications=90, history=180, metrics=365, events=30)
    zone = Settings().timezone

    async with open_database(f"file:{installation.database}", pool=PoolSettings(size=1)) as client:
        deleted = await clean_up(client, retention, now=lambda: NOW, zone=zone, batch_rows=100, pause=0)

    assert deleted["whatsapp_historial_notificaciones"] == 4000
    assert installation.query("SELECT count(*) FROM whatsapp_historial_notificaciones") == [(1000,)]


def test_free_pages_go_back_to_the_disk_many_at_a_time(installation: Installation) -> None:
    installation.query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1400) "
        "INSERT INTO whatsapp_historial_notificaciones (notificacion_id, estado_nuevo, detalle) "
        "SELECT i, 'ENVIADA', hex(randomblob(1900)) FROM n"
    )
    installation.query("DELETE FROM whatsapp_historial_notificaciones")
    [(free,)] = installation.query("PRAGMA freelist_count")
    size = installation.database.stat().st_size
    pauses: list[float] = []

    released = release_free_pages(installation.database, sleep=pauses.append)

    assert released == free
    assert installation.query("PRAGMA freelist_count") == [(0,)]
    assert len(pauses) == -(-released // PAGES_PER_STEP) == 3
    assert installation.database.stat().st_size < size


def test_planner_statistics_are_refreshed(filled: Installation) -> None:
    filled.run("cleanup")

    assert ("whatsapp_contactos",) in filled.query("SELECT DISTINCT tbl FROM sqlite_stat1")


def test_the_run_is_recorded(filled: Installation) -> None:
    filled.run("cleanup")

    assert filled.metrics("cleanup")["whatsapp_job_success"] == 1.0
    [(operation, details)] = filled.query("SELECT operation, details FROM system_maintenance_log")
    assert operation == "DATA_CLEANUP"
    assert set(orjson.loads(str(details))) >= {"deleted", "pages_released", "disk_used_percentage"}


def test_disk_usage_is_told_once_for_each_file_system(filled: Installation) -> None:
    [usage] = disk_usage([filled.logs, filled.textfiles, filled.root / "missing"])

    assert usage.path == str(filled.logs)
    assert 0 < usage.used_percent <= 100
    assert usage.free_bytes < usage.total_bytes


@pytest.mark.parametrize(("percent", "expected"), [(WARNING_PERCENT, False), (85.1, True)])
def test_a_disk_is_nearly_full_above_85_percent(percent: float, expected: bool) -> None:
    assert DiskUsage("/", 100, 10, percent).nearly_full is expected


async def test_the_day_is_counted_in_the_operators_zone(
    filled: Installation, add: Callable[..., None]
) -> None:
    filled.query("DELETE FROM whatsapp_notificaciones")
    add(filled, "LEIDA", created_at="2024-10-25T03:00:00.000Z")
    retention = Retention(notifications=90, history=180, metrics=365, events=30)
    late = datetime(2025, 1, 23, 4, 30, tzinfo=UTC)  # still 22 January in Lima

    async with open_database(f"file:{filled.database}", pool=PoolSettings(size=1)) as client:
        deleted = await clean_up(client, retention, now=lambda: late, zone=Settings().timezone, pause=0)

    assert deleted["whatsapp_notificaciones"] == 0
