"""A disk of 64 MB on the service's host that fills: an image on the controller, mounted in the container."""

from __future__ import annotations

import subprocess

from lab import podman
from lab.errors import LabError
from lab.layout import LAB_DIR
from lab.rehearsal.fault import Fault, Page
from lab.running import Lab

IMAGE = LAB_DIR / "disk.img"
MOUNTPOINT = "/srv/lab-disk"
ANEW = "systemctl restart prometheus-node-exporter"
"""In a container, a unit with a mount namespace of its own sees what was mounted before it began only."""


def disk_full() -> Fault:
    """Its disk is nearly nine tenths full."""
    return Fault("a disk fills", (Page("HostDiskSpaceLow"),), _cause, _heal)


def _cause(lab: Lab) -> None:
    _heal(lab)
    with IMAGE.open("wb") as image:
        image.truncate(64 << 20)
    _run("mkfs.ext4", "-q", "-m", "0", str(IMAGE))
    device = _run("losetup", "--find", "--show", str(IMAGE))
    lab.shell("app1", f"mkdir -p {MOUNTPOINT}")
    number = _run("stat", "--format=%Hr %Lr", device).split()
    # The host itself may make no devices: the controller does, in its mount namespace.
    inside = ("nsenter", f"--target={_pid()}", "--mount")
    _run(*inside, "mknod", "/dev/lab-disk", "b", *number)
    _run(*inside, "mount", "/dev/lab-disk", MOUNTPOINT)
    lab.shell("app1", ANEW)
    lab.shell("app1", f"head -c 48M /dev/zero >{MOUNTPOINT}/filler")


def _heal(lab: Lab) -> None:
    # A mount of a container of before went with it; its device may still be there.
    lab.shell(
        "app1",
        f"if mountpoint -q {MOUNTPOINT}; then umount {MOUNTPOINT}; {ANEW}; fi; rm -f /dev/lab-disk",
    )
    for line in _run("losetup", "--associated", str(IMAGE)).splitlines():
        _run("losetup", "--detach", line.split(":")[0])
    IMAGE.unlink(missing_ok=True)


def _pid() -> str:
    return podman.run("inspect", "--format", "{{.State.Pid}}", "app1").strip()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
