"""Long runs: hosts that reboot come back whole, and ordinary traffic brings no page."""

from __future__ import annotations

import datetime as dt
import os
import time

from lab import podman
from lab.layout import hosts
from lab.rehearsal.messages import arrived
from lab.running import Lab, wait_for
from lab.status import check


def _all_up() -> bool | None:
    return None if any(part.broken for part in check()) else True


def test_hosts_reboot_and_come_back(lab: Lab) -> None:
    for host in hosts():
        podman.run("restart", "--time", "20", host.name)
        assert wait_for(f"every part after the reboot of {host.name}", 240, _all_up, every=3)
    assert lab.session.query("up")


def test_ordinary_traffic_brings_no_page(lab: Lab) -> None:
    # Pages of the reboots before may still be resolving: begin when nothing fires and their cooldown is over.
    wait_for(
        "quiet after the reboots",
        900,
        lambda: None if lab.session.query('ALERTS{alertname!="Watchdog"}') else True,
        every=5,
    )
    time.sleep(330)
    begun = dt.datetime.now(dt.UTC)
    time.sleep(60 * float(os.environ["SOAK_MINUTES"]))
    assert arrived(lab, begun) == []
    assert _all_up()
