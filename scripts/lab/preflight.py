"""What the lab needs of this machine, checked (and, as root, installed) before anything is made."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab import podman
from lab.errors import LabError
from lab.layout import LABEL, ROOT, Host

# Command -> Debian package that brings it.
COMMANDS = {
    "podman": "podman",
    "debootstrap": "debootstrap",
    "ssh": "openssh-client",
    "iptables": "iptables",
    "tar": "tar",
}
# The network plugins of Debian 12's podman; newer podman brings netavark by itself.
CNI_PLUGINS = Path("/usr/lib/cni/bridge")
CNI_PACKAGE = "containernetworking-plugins"
# Image, three hosts with their packages, wheels: about 2.5 GB, measured; room to breathe on top.
DISK_NEEDED_MB = 5_000
MEMORY_NEEDED_MB = 2_000


def require_root() -> None:
    """Refuse early, in one line, where rights are missing."""
    if os.geteuid() != 0:
        raise LabError(
            "the lab needs root (debootstrap, systemd in containers, fixed addresses): sudo scripts/up"
        )


def _package(name: str) -> bool:
    return subprocess.run(["dpkg", "-s", name], capture_output=True, check=False).returncode == 0


def missing_packages() -> list[str]:
    """Return the Debian packages whose commands are absent here."""
    missing = [package for command, package in COMMANDS.items() if shutil.which(command) is None]
    if shutil.which("runc") is None and shutil.which("crun") is None:
        missing.append("runc")
    elif _hybrid_cgroups() and shutil.which("runc") is None:
        missing.append("runc")  # crun refuses a hybrid hierarchy
    if not CNI_PLUGINS.exists() and not Path("/usr/lib/podman/netavark").exists():
        missing.append(CNI_PACKAGE)
    return sorted(set(missing))


def _hybrid_cgroups() -> bool:
    return not Path("/sys/fs/cgroup/cgroup.controllers").exists()


def runtime() -> str:
    """Return the OCI runtime for this machine's control groups (measured: crun refuses hybrid ones)."""
    if _hybrid_cgroups() or shutil.which("crun") is None:
        return "runc"
    return "crun"


def install(packages: Iterable[str]) -> None:
    """Install Debian packages.

    Raises:
        LabError: naming the packages when apt cannot.
    """
    names = list(packages)
    apt = shutil.which("apt-get")
    if apt is None:
        raise LabError(f"missing {', '.join(names)}, and there is no apt-get to install them with")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        [apt, "update", "-qq"],
        [apt, "install", "-y", "-qq", "--no-install-recommends", *names],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or ["unknown error"]
        raise LabError(f"apt-get install {' '.join(names)} failed: {said[0]}")


def ensure_packages() -> list[str]:
    """Install what is missing; return the names of what was."""
    missing = missing_packages()
    if missing:
        install(missing)
    return missing


def check_resources(path: Path = ROOT, needed_mb: int = DISK_NEEDED_MB) -> None:
    """Refuse too little disk or memory before anything is made."""
    free = shutil.disk_usage(path).free // 1_000_000
    if free < needed_mb:
        raise LabError(
            f"too little disk at {path}: {free} MB free, the lab needs {needed_mb} MB; free some space"
        )
    available = next(
        int(line.split()[1]) // 1000
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemAvailable:")
    )
    if available < MEMORY_NEEDED_MB:
        raise LabError(f"too little memory: {available} MB available, the lab needs {MEMORY_NEEDED_MB} MB")


def check_ports(hosts: Iterable[Host]) -> None:
    """Refuse a published port that something else on this machine holds."""
    ours = {name for name, found in podman.containers().items() if found.running and found.labels.get(LABEL)}
    check_free_ports(host for host in hosts if host.name not in ours)


def check_free_ports(hosts: Iterable[Host]) -> None:
    """Refuse the first port that cannot be bound."""
    for host in hosts:
        for port in host.ports.values():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise LabError(
                        f"port 127.0.0.1:{port} (for {host.name}) is in use: "
                        "stop what listens there, or change lab_published_ports in inventory/lab/hosts.yml"
                    ) from error


def check_names(hosts: Iterable[Host]) -> None:
    """Refuse to touch a container of somebody else that has one of our names."""
    existing = podman.containers()
    for host in hosts:
        found = existing.get(host.name)
        if found is not None and not found.labels.get(LABEL):
            raise LabError(
                f"a container named {host.name} exists that the lab did not make: rename or remove it"
            )
