"""The service's host: units that stop, jobs that fail, a database that is damaged or held."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from lab import certificates
from lab.faults.shell import runs, while_running
from lab.layout import TLS_DIR, host
from lab.rehearsal.fault import Fault, Page
from lab.running import Lab

DATABASE = "/var/lib/whatsapp-notifications/notifications.db"
BACKUPS = "/opt/backups/whatsapp-notifications"
PYTHON = "/opt/whatsapp-service/current/bin/python"
STATEMENT = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10) as database:
    database.execute(sys.argv[2])
"""
DAMAGE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10) as database:
    database.execute("CREATE TABLE IF NOT EXISTS lab_fault (x)")
    database.execute("INSERT INTO lab_fault VALUES (NULL)")
    database.execute("PRAGMA writable_schema = ON")
    database.execute(
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE lab_fault (x NOT NULL)' WHERE name = 'lab_fault'"
    )
"""
HOLDING = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
while True:
    database.execute("BEGIN IMMEDIATE")
    time.sleep(9.5)
    database.execute("COMMIT")
    time.sleep(0.5)
"""
REFUSING = (
    "CREATE TRIGGER IF NOT EXISTS lab_fault BEFORE INSERT ON whatsapp_notificaciones "
    "BEGIN SELECT raise(ABORT, 'lab fault'); END"
)
FLAPPING = "while :; do systemctl stop {unit}; sleep 3; systemctl start {unit}; sleep 2; done".format(
    unit="whatsapp-scheduler"
)
ENDED_VERSION = "v18.0"
"""Its end was on 2026-01-26; the simulator answers it as the oldest that lives."""
DROP_IN = "/run/systemd/system/{unit}.service.d/lab-fault.conf"


def api_stopped() -> Fault:
    """The API's unit is stopped."""
    return Fault(
        "the API is stopped",
        (Page("WhatsAppSystemDown"),),
        runs("app1", "systemctl stop whatsapp-notifications"),
        runs("app1", "systemctl start whatsapp-notifications"),
    )


def scheduler_stopped() -> Fault:
    """The scheduler's unit is stopped."""
    return Fault(
        "the scheduler is stopped",
        (Page("SchedulerNotRunning"),),
        runs("app1", "systemctl stop whatsapp-scheduler"),
        runs("app1", "systemctl start whatsapp-scheduler"),
    )


def exporter_stopped() -> Fault:
    """An exporter cannot be scraped."""
    return Fault(
        "an exporter is stopped",
        (Page("TargetDown"),),
        runs("app1", "systemctl stop prometheus-nginx-exporter"),
        runs("app1", "systemctl start prometheus-nginx-exporter"),
    )


def redis_stopped() -> Fault:
    """The cache is gone: the API says that it is degraded, which hides RedisDown."""
    return Fault(
        "redis is stopped",
        (Page("WhatsAppSystemDown"),),
        runs("app1", "systemctl stop redis-server"),
        runs("app1", "systemctl start redis-server"),
    )


def backup_fails() -> Fault:
    """The folder of the backups cannot be written to, and the next backup finds it out."""
    return Fault(
        "a backup fails",
        (Page("JobFailed"),),
        runs("app1", f"chmod 0500 {BACKUPS}; systemctl start whatsapp-job@backup || true"),
        runs("app1", f"chmod 0750 {BACKUPS}; systemctl start whatsapp-job@backup"),
    )


def database_damaged() -> Fault:
    """A table holds what its definition forbids; the weekly job's integrity check finds it.

    The service does not know the table, so nothing else is disturbed.
    """

    def cause(lab: Lab) -> None:
        lab.python("app1", DAMAGE, DATABASE)
        lab.shell("app1", "systemctl start whatsapp-job@reindex || true")

    def heal(lab: Lab) -> None:
        _execute(lab, "DROP TABLE IF EXISTS lab_fault")
        lab.shell("app1", "systemctl start whatsapp-job@reindex")

    return Fault("the database is damaged", (Page("DatabaseDamaged"),), cause, heal, clears_seconds=30)


def inserts_refused(page: Page) -> Fault:
    """Every request to create a notification ends in an error of the server."""
    return Fault(
        "inserts are refused",
        (page,),
        lambda lab: _execute(lab, REFUSING),
        lambda lab: _execute(lab, "DROP TRIGGER IF EXISTS lab_fault"),
        clears_seconds=400,
    )


def _execute(lab: Lab, statement: str) -> None:
    lab.python("app1", STATEMENT, DATABASE, statement)


def database_held(*pages: Page) -> Fault:
    """Another process holds the database's one writer for 9.5 s of every 10."""
    return while_running(
        "the database is held", pages, "app1", f"{PYTHON} -c '{HOLDING}' {DATABASE}", clears_seconds=400
    )


def scheduler_flaps(alert: str) -> Fault:
    """The scheduler starts and stops, never long enough in one state for SchedulerNotRunning."""
    flapping = while_running(
        "the scheduler flaps", (Page(alert, share=0.4),), "app1", f'sh -c "{FLAPPING}"', clears_seconds=400
    )
    after = runs("app1", "systemctl start whatsapp-scheduler")

    def heal(lab: Lab) -> None:
        flapping.heal(lab)
        after(lab)

    return replace(flapping, heal=heal)


def version_ends() -> Fault:
    """The service is deployed with a version of the Graph API that Meta has ended."""
    units = ("whatsapp-notifications", "whatsapp-scheduler")
    set_version = "; ".join(
        f"mkdir -p $(dirname {DROP_IN.format(unit=unit)}); "
        f"printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/env WHATSAPP_API_VERSION={ENDED_VERSION} "
        f"/opt/whatsapp-service/current/bin/{binary}\\n' >{DROP_IN.format(unit=unit)}"
        for unit, binary in zip(units, ("whatsapp-api", "whatsapp-scheduler"), strict=True)
    )
    restart = f"systemctl daemon-reload; systemctl restart {' '.join(units)}"
    remove = f"rm -f {' '.join(DROP_IN.format(unit=unit) for unit in units)}"
    return Fault(
        "the version of the Graph API has ended",
        (Page("WhatsAppGraphVersionAboutToEnd"),),
        runs("app1", f"{set_version}; {restart}"),
        runs("app1", f"{remove}; {restart}"),
    )


def certificate_expires() -> Fault:
    """The API's certificate has two days left."""

    def cause(lab: Lab) -> None:
        certificate, key = certificates.issue(
            host("app1"), dt.datetime.now(dt.UTC), dt.timedelta(days=2), TLS_DIR
        )
        _install(lab, certificate, key)

    def heal(lab: Lab) -> None:
        _install(lab, (TLS_DIR / "app1.crt").read_text(), (TLS_DIR / "app1.key").read_text())

    return Fault("a certificate expires", (Page("TlsCertificateExpiryNear"),), cause, heal)


def _install(lab: Lab, certificate: str, key: str) -> None:
    """Write over both files, which keeps their owners and modes, and let nginx read them."""
    lab.shell("app1", "cat >/etc/ssl/whatsapp/host.crt", stdin=certificate)
    lab.shell("app1", "cat >/etc/ssl/whatsapp/host.key", stdin=key)
    lab.shell("app1", "systemctl reload nginx")
