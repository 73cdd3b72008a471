"""Backups: consistent under writing, verified, told to Slack, expired, and failed ones seen as failed."""

import gzip
import hashlib
import shutil
import sqlite3
import stat
from datetime import timedelta
from pathlib import Path

import orjson

from .conftest import NOW, BackgroundWriter, Installation, Sink


def _unpacked(installation: Installation, backup: Path) -> sqlite3.Connection:
    target = installation.root / "unpacked.db"
    with gzip.open(backup, "rb") as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return sqlite3.connect(target)


def test_a_backup_has_the_manuals_name_and_a_manifest_that_describes_it(filled: Installation) -> None:
    result = filled.run("backup", "--json")

    assert result.code == 0, result.err
    backup = filled.backups / "whatsapp_notifications_20250123_030000.db.gz"
    manifest = orjson.loads(backup.with_name("whatsapp_notifications_20250123_030000.json").read_bytes())
    assert sorted(path.name for path in filled.backups.iterdir()) == [
        "whatsapp_notifications_20250123_030000.db.gz",
        "whatsapp_notifications_20250123_030000.json",
    ]
    assert manifest["sha256"] == hashlib.sha256(backup.read_bytes()).hexdigest()
    assert manifest["size_bytes"] == backup.stat().st_size
    assert manifest["created_at"] == "2025-01-23T08:00:00.000Z"
    assert manifest["rows"]["whatsapp_notificaciones"] == 7
    assert manifest["rows"]["whatsapp_contactos"] == 1
    assert manifest["schema_version"] >= 2
    assert stat.S_IMODE(backup.stat().st_mode) == 0o640


def test_a_backup_is_recorded_in_the_database_and_for_prometheus(filled: Installation) -> None:
    filled.run("backup")

    metrics = filled.metrics("backup")
    backup = filled.backups / "whatsapp_notifications_20250123_030000.db.gz"
    assert metrics["whatsapp_job_success"] == 1.0
    assert metrics["whatsapp_job_last_success_timestamp_seconds"] == NOW.timestamp()
    assert metrics["whatsapp_backup_size_bytes"] == backup.stat().st_size
    [(executed_at, details, duration)] = filled.query(
        "SELECT executed_at, details, duration_ms FROM system_maintenance_log WHERE operation = 'BACKUP'"
    )
    assert executed_at == "2025-01-23T08:00:00.000Z"
    assert orjson.loads(str(details))["file"] == backup.name
    assert isinstance(duration, int)
    assert duration >= 0


def test_a_backup_beside_a_steady_writer_is_one_moment_and_holds_nobody_up(
    installation: Installation, background_writer: BackgroundWriter
) -> None:
    installation.query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO whatsapp_historial_notificaciones (notificacion_id, estado_nuevo, detalle) "
        "SELECT -i, 'ENVIADA', hex(randomblob(200)) FROM n"
    )
    with background_writer:
        result = installation.run("backup", "--json")

    assert result.code == 0, result.err
    assert background_writer.pairs > 10
    assert background_writer.slowest < 5.0
    connection = _unpacked(installation, Path(str(result.json()["path"])))
    torn = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM whatsapp_historial_notificaciones WHERE notificacion_id >= 0 "
        "GROUP BY notificacion_id HAVING count(*) <> 2)"
    ).fetchone()
    old = connection.execute(
        "SELECT count(*) FROM whatsapp_historial_notificaciones WHERE notificacion_id < 0"
    ).fetchone()
    connection.close()
    assert torn == (0,)
    assert old == (20000,)


def test_a_failed_backup_leaves_success_zero_and_keeps_the_last_good_one(filled: Installation) -> None:
    filled.run("backup", now=NOW - timedelta(days=1))
    filled.database.write_bytes(b"not a database any more, whatever its length" * 300)

    result = filled.run("backup")

    assert result.code == 1
    assert "whatsapp-ops: error: la base de datos" in result.err
    metrics = filled.metrics("backup")
    assert metrics["whatsapp_job_success"] == 0.0
    assert metrics["whatsapp_job_last_run_timestamp_seconds"] == NOW.timestamp()
    assert metrics["whatsapp_job_last_success_timestamp_seconds"] == (NOW - timedelta(days=1)).timestamp()
    assert [path.name for path in sorted(filled.backups.iterdir())] == [
        "whatsapp_notifications_20250122_030000.db.gz",
        "whatsapp_notifications_20250122_030000.json",
    ]


def test_a_missing_database_is_a_failed_backup_and_none_is_created(installation: Installation) -> None:
    installation.database.unlink()

    result = installation.run("backup")

    assert result.code == 1
    assert "no existe la base de datos" in result.err
    assert installation.metrics("backup")["whatsapp_job_success"] == 0.0
    assert not installation.database.exists()


def test_a_failure_is_in_the_maintenance_log_when_the_database_still_answers(filled: Installation) -> None:
    filled.backups.write_text("a file where the directory should be", encoding="utf-8")

    result = filled.run("backup")

    assert result.code == 1
    assert filled.maintenance() == [("BACKUP", "error")]


def test_backups_older_than_the_retention_go_and_the_newest_stays(filled: Installation) -> None:
    for days in (30, 8, 6):
        filled.run("backup", now=NOW - timedelta(days=days))
    orphan = filled.backups / "whatsapp_notifications_20250101_030000.db.gz"
    orphan.write_bytes(b"from a run that was killed")
    unknown = filled.backups / "someone-elses.db.gz"
    unknown.write_bytes(b"not ours")

    result = filled.run("backup", "--json")

    assert result.code == 0
    kept = sorted(path.name for path in filled.backups.glob("*.json"))
    assert kept == [
        "whatsapp_notifications_20250117_030000.json",
        "whatsapp_notifications_20250123_030000.json",
    ]
    assert result.json()["deleted"] == ["20250115_030000", "20250101_030000"]
    assert not orphan.exists()
    assert unknown.exists()


def test_the_only_backup_is_never_deleted_by_age(filled: Installation) -> None:
    filled.run("backup", now=NOW - timedelta(days=30))
    filled.database.rename(filled.root / "gone.db")

    filled.run("backup")

    assert [entry["complete"] for entry in _listed(filled)] == [True]


def test_what_a_killed_backup_left_is_removed_by_the_next(filled: Installation) -> None:
    leftover = filled.backups / ".whatsapp-backup-abc"
    leftover.mkdir(parents=True)
    (leftover / "copy.db").write_bytes(b"half")

    filled.run("backup")

    assert not leftover.exists()


def test_slack_hears_of_success_and_of_failure_in_the_manuals_words(filled: Installation, sink: Sink) -> None:
    _slack(filled, sink)

    filled.run("backup")
    filled.database.unlink()
    filled.run("backup", now=NOW + timedelta(hours=1))

    texts = [orjson.loads(request.body)["text"] for request in sink.received]
    backup = filled.backups / "whatsapp_notifications_20250123_030000.db.gz"
    assert texts[0].startswith(f"✅ Backup exitoso: Database Backup\n{backup} (")
    assert texts[1].startswith("❌ Backup falló: Database Backup\n")
    assert {request.path for request in sink.received} == {"/slack/hook-secret"}


def test_a_slack_that_fails_is_a_warning_without_its_address(filled: Installation, sink: Sink) -> None:
    _slack(filled, sink)
    sink.status = 500

    result = filled.run("backup")

    assert result.code == 0
    assert "HTTP 500" in result.err
    assert "hook-secret" not in result.err + result.out
    assert filled.metrics("backup")["whatsapp_job_success"] == 1.0


def test_backups_lists_the_complete_and_the_incomplete(filled: Installation) -> None:
    filled.run("backup")
    (filled.backups / "whatsapp_notifications_20250122_030000.db.gz").write_bytes(b"half")

    listed = _listed(filled)
    text = filled.run("backups").out

    assert [(entry["timestamp"], entry["complete"]) for entry in listed] == [
        ("20250123_030000", True),
        ("20250122_030000", False),
    ]
    assert "Backups disponibles:" in text
    assert "incompleto" in text


def test_backups_of_an_empty_installation_says_so(installation: Installation) -> None:
    result = installation.run("backups")

    assert result.code == 0
    assert "No hay backups" in result.out


def test_an_old_backup_that_cannot_be_deleted_does_not_make_the_new_one_fail(filled: Installation) -> None:
    filled.run("backup", now=NOW - timedelta(days=30))
    # Root may delete any file, but not a directory as if it were one.
    manifest = filled.backups / "whatsapp_notifications_20241201_030000.json"
    manifest.mkdir()

    result = filled.run("backup")

    assert result.code == 0
    assert "no se eliminaron los backups antiguos" in result.err
    assert filled.metrics("backup")["whatsapp_job_success"] == 1.0


def _slack(installation: Installation, sink: Sink) -> None:
    secret = installation.root / "slack-url"
    secret.write_text(f"{sink.url}/slack/hook-secret\n", encoding="utf-8")
    installation.environ["SLACK_WEBHOOK_URL_FILE"] = str(secret)


def _listed(installation: Installation) -> list[dict[str, object]]:
    found = installation.run("backups", "--json").json()["backups"]
    assert isinstance(found, list)
    return found
