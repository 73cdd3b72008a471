"""The manual's cron scripts come to the host, see what they can see, and leave nothing behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from lab import cron_scripts
from lab.running import Lab, wait_for

PACKAGES = "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' | sed -n 's/^ii *//p'"


@pytest.fixture
def packages(lab: Lab) -> Iterator[str]:
    """Whatever happens, they are gone afterwards; gives the host's packages before."""
    before = lab.shell("app1", PACKAGES)
    yield before
    cron_scripts.remove(lab)


def test_they_run_and_leave(lab: Lab, packages: str, started: dt.datetime) -> None:
    cron_scripts.install(lab)
    cron_scripts.install(lab)

    healthy = wait_for(
        "cron's first run of health_monitor.sh",
        150,
        lambda: lab.shell("app1", f"grep HEALTHY {cron_scripts.STATE}/health.log || true") or None,
        every=2,
    )
    assert "✅ System HEALTHY" in healthy

    # With the environment that cron gives them, but an address at which there is no API.
    given = f"set -a; eval \"$(sed -n '/^[A-Z_]*=/p' {cron_scripts.CRON_FILE})\"; API_URL=$API_URL/none; "
    lab.shell("app1", f"{given} {cron_scripts.FOLDER}/health_monitor.sh || true")
    for _ in range(2):
        lab.shell("app1", f"{given} {cron_scripts.FOLDER}/process_alerts.sh")
    own = [item for item in lab.arrived("slack", started) if item["path"] == cron_scripts.SLACK_PATH]
    texts = [item["payload"]["text"] for item in own]
    assert texts == [
        "🚨 Sistema CAÍDO: WhatsApp Notifications API\nHTTP 404",
        "🚨 CRÍTICO WhatsApp Notifications\nSistema no saludable: null",
    ]

    cron_scripts.remove(lab)
    left = f"ls -d {cron_scripts.FOLDER} {cron_scripts.STATE} {cron_scripts.CRON_FILE} 2>/dev/null || true"
    assert lab.shell("app1", left) == ""
    assert lab.shell("app1", PACKAGES) == packages
