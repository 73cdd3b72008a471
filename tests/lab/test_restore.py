"""A backup taken by the playbook brings back what was lost after it."""

from __future__ import annotations

import json

from lab.running import Lab, ansible, wait_for

COUNT = """
import sqlite3
connection = sqlite3.connect("/var/lib/whatsapp-notifications/notifications.db", timeout=30)
print(connection.execute("SELECT count(*) FROM whatsapp_contactos").fetchone()[0])
"""
LOSE_HALF = """
import sqlite3
connection = sqlite3.connect("/var/lib/whatsapp-notifications/notifications.db", timeout=30)
connection.execute("DELETE FROM whatsapp_contactos WHERE id % 2 = 0")
connection.commit()
"""


def _contacts(lab: Lab) -> int:
    return int(lab.python("app1", COUNT))


def _run(name: str, *arguments: str) -> str:
    done = ansible(name, *arguments)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_round_trip(lab: Lab) -> None:
    contacts = _contacts(lab)
    assert contacts > 0
    _run("backup")
    backups = json.loads(lab.shell("app1", "whatsapp-ops backups --json"))
    assert backups

    lab.python("app1", LOSE_HALF)
    assert _contacts(lab) < contacts

    _run("restore", "-e", "confirm=yes")
    assert _contacts(lab) == contacts
    health = wait_for(
        "a healthy service after the restore",
        60,
        lambda: answer if (answer := lab.api("GET", "/health").json())["status"] == "healthy" else None,
    )
    assert health["components"]["database"]["status"] == "connected"


def test_restore_asks_first(lab: Lab) -> None:
    before = lab.shell("app1", "systemctl show -p ActiveEnterTimestamp whatsapp-notifications")
    done = ansible("restore")
    assert done.returncode != 0
    assert "confirm=yes" in done.stdout + done.stderr
    assert lab.shell("app1", "systemctl show -p ActiveEnterTimestamp whatsapp-notifications") == before
