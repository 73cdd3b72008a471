"""Builds the lab and deploys the whole stack into it."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab import certificates, containers, image, playbook, preflight, secrets_store, wheels
from lab.layout import LAB_DIR, hosts
from lab.status import report, wait


@contextmanager
def _step(number: int, text: str) -> Iterator[list[str]]:
    """Print a step with what came of it and how long it took."""
    notes: list[str] = []
    started = time.monotonic()
    sys.stdout.write(f"[{number}/6] {text} ...\n")
    sys.stdout.flush()
    yield notes
    said = f" ({', '.join(notes)})" if notes else ""
    sys.stdout.write(f"      done in {time.monotonic() - started:.1f} s{said}\n")
    sys.stdout.flush()


def up(*, verbose: bool) -> int:
    """Bring the whole stack up; safe to run again at any time. Returns the exit code."""
    started = time.monotonic()
    preflight.require_root()
    lab_hosts = hosts()
    with _step(1, "this machine: packages, disk, memory, ports") as notes:
        installed = preflight.ensure_packages()
        if installed:
            notes.append(f"installed {' '.join(installed)}")
        preflight.check_resources()
        preflight.check_names(lab_hosts)
        preflight.check_ports(lab_hosts)
    with _step(2, "the hosts' image (debootstrap, about a minute the first time)") as notes:
        notes.append("made" if image.ensure() else "cached")
    with _step(3, "keys, certificates and secrets of the lab") as notes:
        containers.ensure_key()
        made = certificates.ensure(lab_hosts, dt.datetime.now(dt.UTC)) + secrets_store.ensure()
        notes.append(f"{len(made)} made" if made else "all present")
    with _step(4, "hosts: " + ", ".join(host.name for host in lab_hosts)) as notes:
        containers.ensure_network()
        notes.extend(f"{host.name} {containers.ensure_host(host, lab_hosts)}" for host in lab_hosts)
        containers.write_known_hosts(lab_hosts)
    with _step(5, "wheels for the targets' Python, data of the lab"):
        wheels.build()
        wheels.write_fixture(LAB_DIR / "fixture.json")
    with _step(6, "ansible-playbook -i inventory/lab playbooks/site.yml") as notes:
        recaps = playbook.run("site", verbose=verbose)
    for recap in recaps:
        sys.stdout.write(f"      {recap.host}: ok={recap.ok} changed={recap.changed} failed={recap.failed}\n")
    sys.stdout.write("waiting until every part answers ...\n")
    sys.stdout.flush()
    # An exporter that was up before the simulator reads the Graph API again only after its interval.
    parts = wait(seconds=200)
    sys.stdout.write("\n" + report(parts) + f"\nup after {time.monotonic() - started:.0f} s\n")
    return 1 if any(part.broken for part in parts) else 0
