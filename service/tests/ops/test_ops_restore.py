"""Restores: the same data back, damaged backups refused, nothing lost on the way."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from whatsapp_service.ops.database_swap import swap_database
from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.texts import Texts

from .conftest import NOW, Installation

LATER = NOW + timedelta(hours=1)
BACKUP = "whatsapp_notifications_20250123_030000.db.gz"


@contextmanager
def _another_process_has_open(database: Path) -> Iterator[None]:
    """A process that has read the database once and keeps its connection, as an idle service does."""
    program = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('SELECT count(*) FROM sqlite_master').fetchone()\n"
        "sys.stdout.write('open\\n'); sys.stdout.flush(); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield
        process.communicate(timeout=10)


def test_a_restore_brings_back_every_row(filled: Installation, add: Callable[..., None]) -> None:
    before = filled.dump()
    filled.run("backup")
    filled.query("DELETE FROM whatsapp_notificaciones WHERE estado = 'ENVIADA'")
    add(filled, "ENVIADA")
    assert filled.dump() != before

    result = filled.run("restore", "20250123_030000", "--yes", now=LATER)

    assert result.code == 0, result.err
    assert filled.dump() == before
    assert "✅ whatsapp_notificaciones: 7 registros" in result.out
    assert filled.maintenance() == [("RESTORE", "ok")]


def test_latest_takes_the_newest_complete_backup(filled: Installation) -> None:
    filled.run("backup", now=NOW - timedelta(days=1))
    filled.run("backup")
    (filled.backups / "whatsapp_notifications_20250124_030000.db.gz").write_bytes(b"unfinished")

    result = filled.run("restore", "--latest", "--yes", "--json", now=LATER)

    assert result.code == 0, result.err
    assert result.json()["timestamp"] == "20250123_030000"


def test_the_database_of_before_is_kept_beside_with_what_was_in_its_wal(filled: Installation) -> None:
    filled.run("backup")
    filled.query(
        "INSERT INTO whatsapp_historial_notificaciones (notificacion_id, estado_nuevo) VALUES (77, 'X')"
    )

    result = filled.run("restore", "--latest", "--yes", "--json", now=LATER)

    safety = Path(str(result.json()["previous_database"]))
    assert safety.name == "notifications.db.before-restore-20250123_040000"
    connection = sqlite3.connect(safety)
    kept = connection.execute("SELECT count(*) FROM whatsapp_historial_notificaciones").fetchone()
    connection.close()
    assert kept == (1,)
    assert filled.query("SELECT count(*) FROM whatsapp_historial_notificaciones") == [(0,)]


def test_pending_notifications_of_the_backup_are_pointed_out(filled: Installation) -> None:
    filled.run("backup")

    result = filled.run("restore", "--latest", "--yes", now=LATER)

    assert "se enviarán 1 pendientes" in result.err


def test_keys_revoked_since_the_backup_stay_revoked(filled: Installation) -> None:
    for name in ("billing", "traffic"):
        filled.run("keys", "issue", name, "--scope", "read")
    filled.run("backup")
    filled.run("keys", "revoke", "billing", now=LATER)

    result = filled.run("restore", "--latest", "--yes", now=LATER)

    assert "1 claves de API revocadas tras la copia siguen revocadas" in result.out
    assert filled.query("SELECT nombre, revocada_at IS NULL FROM whatsapp_claves_api") == [
        ("billing", 0),
        ("traffic", 1),
    ]


def test_keys_of_a_backup_are_pointed_out_when_nobody_knows_which_were_revoked(filled: Installation) -> None:
    filled.run("keys", "issue", "billing", "--scope", "read")
    filled.run("backup")
    filled.database.write_bytes(b"damaged" * 1000)
    for suffix in ("-wal", "-shm"):
        filled.database.with_name(filled.database.name + suffix).unlink(missing_ok=True)

    result = filled.run("restore", "--latest", "--yes", now=LATER)

    assert result.code == 0, result.err
    assert "vuelven a valer las claves de API de la copia" in result.err


def test_a_restore_wants_a_choice_and_a_confirmation(filled: Installation) -> None:
    filled.run("backup")

    unchosen = filled.run("restore", "--yes")
    unconfirmed = filled.run("restore", "--latest")

    assert unchosen.code == unconfirmed.code == 2
    assert "--latest" in unchosen.err
    assert "--yes" in unconfirmed.err


def test_a_backup_that_does_not_exist_is_refused(filled: Installation) -> None:
    filled.run("backup")

    result = filled.run("restore", "20240101_000000", "--yes")

    assert result.code == 1
    assert "no hay una copia completa 20240101_000000" in result.err


@pytest.mark.parametrize("damage", ["truncated", "flipped", "no manifest", "other rows"])
def test_a_damaged_backup_is_refused_and_nothing_is_touched(filled: Installation, damage: str) -> None:
    filled.run("backup")
    backup = filled.backups / BACKUP
    manifest = filled.backups / BACKUP.replace(".db.gz", ".json")
    content = backup.read_bytes()
    if damage == "truncated":
        backup.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        backup.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    elif damage == "no manifest":
        manifest.unlink()
    else:
        document = orjson.loads(manifest.read_bytes())
        document["rows"]["whatsapp_contactos"] += 1
        manifest.write_bytes(orjson.dumps(document))
    before = filled.dump()

    result = filled.run("restore", "20250123_030000", "--yes", now=LATER)

    assert result.code == 1
    assert filled.dump() == before
    assert not list(filled.database.parent.glob("*before-restore*"))
    assert not list(filled.database.parent.glob(".whatsapp-restore-*"))
    assert filled.maintenance()[-1] == ("RESTORE", "error")


def test_a_database_that_another_process_has_open_is_not_replaced(filled: Installation) -> None:
    filled.run("backup")
    before = filled.dump()

    with _another_process_has_open(filled.database):
        result = filled.run("restore", "--latest", "--yes", now=LATER)

    assert result.code == 1
    assert "otro proceso está usando la base de datos" in result.err
    assert filled.dump() == before


def test_a_damaged_database_is_replaced_and_kept(filled: Installation) -> None:
    before = filled.dump()
    filled.run("backup")
    damaged = b"garbage" * 1000
    filled.database.write_bytes(damaged)
    for suffix in ("-wal", "-shm"):
        filled.database.with_name(f"notifications.db{suffix}").unlink(missing_ok=True)

    result = filled.run("restore", "--latest", "--yes", now=LATER)

    assert result.code == 0, result.err
    assert filled.dump() == before
    safety = filled.database.with_name("notifications.db.before-restore-20250123_040000")
    assert safety.read_bytes() == damaged


def test_a_lost_database_is_restored(filled: Installation) -> None:
    before = filled.dump()
    filled.run("backup")
    filled.database.unlink()

    result = filled.run("restore", "--latest", "--yes", "--json", now=LATER)

    assert result.code == 0, result.err
    assert filled.dump() == before
    assert result.json()["previous_database"] is None


def test_a_stale_wal_is_not_played_into_the_restored_database(filled: Installation) -> None:
    before = filled.dump()
    filled.run("backup")
    # A writer that died without closing leaves its -wal behind.
    program = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('DELETE FROM whatsapp_notificaciones')\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(filled.database)], check=True)
    assert filled.database.with_name("notifications.db-wal").stat().st_size > 0

    result = filled.run("restore", "--latest", "--yes", now=LATER)

    assert result.code == 0, result.err
    assert filled.dump() == before


@pytest.mark.parametrize("existing", [True, False])
def test_when_verification_fails_the_old_state_is_back(filled: Installation, existing: bool) -> None:
    candidate = filled.root / "data" / "candidate.db"
    candidate.write_bytes(b"something else")
    before = filled.dump()
    if not existing:
        filled.database.unlink()

    def refuse(_path: Path) -> None:
        raise PermanentError("no")

    with pytest.raises(PermanentError):
        swap_database(
            filled.database, candidate, timestamp="20250123_040000", verify=refuse, texts=Texts("en")
        )

    assert filled.database.exists() is existing
    if existing:
        assert filled.dump() == before


def test_a_backup_of_a_newer_schema_is_refused(filled: Installation) -> None:
    filled.query("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'future', 'x')")
    filled.run("backup")

    result = filled.run("restore", "--latest", "--yes", now=LATER)

    assert result.code == 1
    assert "9999" in result.err


def test_old_safety_copies_go_with_the_old_backups(filled: Installation) -> None:
    filled.run("backup")
    filled.run("restore", "--latest", "--yes", now=LATER)
    safety = filled.database.with_name("notifications.db.before-restore-20250123_040000")
    assert safety.exists()

    filled.run("backup", now=NOW + timedelta(days=6))
    kept = safety.exists()
    filled.run("backup", now=NOW + timedelta(days=9))

    assert kept
    assert not safety.exists()
