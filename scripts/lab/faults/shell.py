"""Faults that are commands on a host."""

from __future__ import annotations

from lab.rehearsal.fault import Act, Fault, Page
from lab.running import Lab

UNIT = "lab-fault"
"""Transient unit of what has to go on running; one at a time on a host."""


def runs(name: str, command: str) -> Act:
    """Return what runs the command on the host `name`, as root."""

    def act(lab: Lab) -> None:
        lab.shell(name, command)

    return act


def while_running(
    name: str, pages: tuple[Page, ...], host: str, command: str, *, clears_seconds: float = 0
) -> Fault:
    """Return a fault that lasts as long as the command runs; at most half an hour, whatever happens here."""
    return Fault(
        name,
        pages,
        runs(host, f"systemd-run --quiet --collect --unit={UNIT} --property=RuntimeMaxSec=1800 {command}"),
        runs(host, f"systemctl stop {UNIT} 2>/dev/null || true"),
        clears_seconds,
    )
