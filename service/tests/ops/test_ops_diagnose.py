"""The diagnosis: eight sections, the manual's severities, and no silence when the system is down."""

import os
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from whatsapp_service.ops.host_status import find_processes, read_memory

from .conftest import NOW, Installation, Sink

SECTIONS = [
    "1. HEALTH CHECK:",
    "2. NOTIFICACIONES PENDIENTES:",
    "3. ERRORES ÚLTIMAS 24 HORAS:",
    "4. MÉTRICAS PERFORMANCE:",
    "5. SCHEDULER STATUS:",
    "6. DISK SPACE:",
    "7. MEMORY USAGE:",
    "8. PROCESS STATUS:",
]


@pytest.fixture
def running(filled: Installation, sink: Sink) -> Installation:
    """An installation whose API is healthy, whose scheduler runs and that has no failures."""
    filled.query("DELETE FROM whatsapp_notificaciones")
    filled.query("DELETE FROM whatsapp_metricas_diarias")
    filled.query(
        "INSERT INTO scheduler_instances (instancia, heartbeat, last_execution, updated_at) "
        "VALUES ('a', ?, ?, ?)",
        *(["2025-01-23T07:59:50.000Z"] * 3),
    )
    sink.answer = '{"status": "healthy", "components": {"database": {"status": "connected"}}}'
    filled.environ["API_PORT"] = sink.url.rpartition(":")[2]
    return filled


def _severity(installation: Installation) -> object:
    return installation.run("diagnose", "--json").json()["severity"]


def test_the_eight_sections_are_there_in_order(running: Installation, sink: Sink) -> None:
    result = running.run("diagnose")

    assert result.code == 0, result.err
    assert [line for line in result.out.splitlines() if line in SECTIONS] == SECTIONS
    assert "Severidad: INFO" in result.out
    assert "Tasa de éxito: 100.00%" in result.out
    assert "En ejecución: sí" in result.out
    assert [request.path for request in sink.received] == ["/health"]


@pytest.mark.parametrize(
    ("pending", "severity"), [(50, "INFO"), (51, "WARNING"), (100, "WARNING"), (101, "CRITICAL")]
)
def test_severity_follows_the_pending_that_are_due(
    running: Installation, add: Callable[..., None], pending: int, severity: str
) -> None:
    for _ in range(pending):
        add(running, "PENDIENTE")
    add(running, "PENDIENTE", created_at="2025-01-24T00:00:00.000Z")

    document = running.run("diagnose", "--json").json()

    assert document["severity"] == severity
    database = document["database"]
    assert isinstance(database, dict)
    assert (database["due"], database["scheduled"]) == (pending, 1)


@pytest.mark.parametrize(
    ("sent", "failed", "severity"),
    [(95, 5, "INFO"), (94, 6, "WARNING"), (90, 10, "WARNING"), (89, 11, "CRITICAL")],
)
def test_severity_follows_the_error_rate_of_today(
    running: Installation, sent: int, failed: int, severity: str
) -> None:
    running.query(
        "INSERT INTO whatsapp_metricas_diarias (fecha_metrica, empresa_id, plantilla_id, total, enviadas, "
        "errores) VALUES ('2025-01-23', 1, 1, ?, ?, ?)",
        sent + failed,
        sent,
        failed,
    )

    assert _severity(running) == severity


@pytest.mark.parametrize(("status", "severity"), [("degraded", "WARNING"), ("down", "CRITICAL")])
def test_severity_follows_the_health(running: Installation, sink: Sink, status: str, severity: str) -> None:
    sink.answer = orjson.dumps({"status": status}).decode()
    sink.status = 503 if status == "down" else 200

    assert _severity(running) == severity


def test_an_api_that_does_not_answer_is_critical_and_the_rest_is_still_told(
    running: Installation, sink: Sink
) -> None:
    sink.answer = "<html>bad gateway</html>"
    sink.status = 502

    result = running.run("diagnose")

    assert result.code == 0
    assert "Severidad: CRITICAL" in result.out
    assert "Total pendientes: 0" in result.out


def test_a_database_that_cannot_be_read_is_critical(running: Installation) -> None:
    running.database.unlink()

    result = running.run("diagnose")

    assert result.code == 0
    assert "Severidad: CRITICAL" in result.out
    assert "sin datos" in result.out


def test_a_scheduler_without_heartbeat_is_a_warning(running: Installation) -> None:
    running.query("UPDATE scheduler_instances SET heartbeat = '2025-01-23T07:57:59.000Z'")

    assert _severity(running) == "WARNING"


def test_pauses_are_told_and_one_of_everything_is_a_warning(running: Installation) -> None:
    running.run("pause", "--company", "1", "--reason", "cierre")
    assert _severity(running) == "INFO"

    running.run("pause", "--reason", "mantenimiento")
    result = running.run("diagnose")

    assert "Severidad: WARNING" in result.out
    assert "todos los envíos están en pausa" in result.out
    assert "empresa 1: en pausa desde 2025-01-23 03:00:00 -05" in result.out


def test_recent_errors_are_told_without_numbers(running: Installation, add: Callable[..., None]) -> None:
    add(running, "ERROR")
    running.query(
        "UPDATE whatsapp_notificaciones SET codigo_error = 131026, "
        "ultimo_error = 'to +51987654321 undeliverable'"
    )

    result = running.run("diagnose")

    assert "2025-01-23T07:00:00.000Z - (131026) to [number] undeliverable" in result.out


def test_a_diagnosis_is_sent_to_slack_when_asked(running: Installation, sink: Sink) -> None:
    secret = running.root / "slack-url"
    secret.write_text(f"{sink.url}/slack/x", encoding="utf-8")
    running.environ["SLACK_WEBHOOK_URL_FILE"] = str(secret)

    running.run("diagnose")
    running.run("diagnose", "--send")

    posted = [orjson.loads(request.body)["text"] for request in sink.received if request.path == "/slack/x"]
    assert posted == ["ℹ️ Diagnóstico Sistema WhatsApp: INFO"]  # noqa: RUF001 (the manual's sign)


def test_a_diagnosis_is_written_to_a_file_when_asked(running: Installation) -> None:
    path = running.root / "diagnosis.txt"

    result = running.run("diagnose", "--output", str(path))

    assert f"Diagnóstico completado: {path}" in result.out
    assert path.read_text(encoding="utf-8").startswith("=== DIAGNÓSTICO SISTEMA WHATSAPP NOTIFICATIONS ===")


def test_a_diagnosis_changes_nothing(running: Installation) -> None:
    before = running.dump()

    running.run("diagnose", now=NOW)

    assert running.dump() == before
    assert running.maintenance() == []


def test_processes_are_told_by_name_only(tmp_path: Path) -> None:
    for pid, arguments in {
        10: b"/opt/whatsapp-service/bin/python\0/opt/whatsapp-service/bin/whatsapp-api\0--token=secret\0",
        11: b"/usr/bin/nginx\0",
        12: b"/opt/whatsapp-exporter/bin/whatsapp-exporter\0",
        os.getpid(): b"whatsapp-ops\0diagnose\0",
    }.items():
        directory = tmp_path / str(pid)
        directory.mkdir()
        (directory / "cmdline").write_bytes(arguments)
        (directory / "status").write_text("Name: x\nVmRSS:\t  2048 kB\n", encoding="utf-8")
    (tmp_path / "meminfo").write_text("MemTotal: 4000 kB\nMemAvailable: 1000 kB\n", encoding="ascii")

    found = find_processes("whatsapp", tmp_path, besides=os.getpid())

    assert [(process.pid, process.name, process.resident_kib) for process in found] == [
        (10, "whatsapp-api", 2048),
        (12, "whatsapp-exporter", 2048),
    ]
    assert read_memory(tmp_path).used_percent == pytest.approx(75.0)
