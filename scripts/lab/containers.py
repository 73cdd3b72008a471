"""The lab's network and hosts: containers that boot systemd and are reached by SSH."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from lab import image, podman, preflight
from lab.errors import LabError
from lab.layout import LABEL, NETWORK, SSH_DIR, SUBNET, Host

BOOT_SECONDS = 60
CNI_LEASES = Path("/var/lib/cni/networks")
# A machine may lack CAP_SYS_RESOURCE, so the limits are given; without SYS_ADMIN systemd ignores its
# sandboxing.
OPTIONS = (
    "--systemd=always",
    "--cap-add=SYS_ADMIN",
    # For units with PrivateUsers= and ProtectProc= together (Debian's redis-server).
    "--cap-add=SYS_PTRACE",
    "--security-opt=seccomp=unconfined",
    "--ulimit=nofile=20000:20000",
    "--ulimit=nproc=4000:4000",
    "--stop-timeout=10",
    "--no-hosts",
)


def ensure_network() -> None:
    """Make the lab's network unless it is there."""
    if not podman.succeeds("network", "exists", NETWORK):
        podman.run("network", "create", "--disable-dns", "--subnet", SUBNET, "--label", f"{LABEL}=1", NETWORK)


def _digest(host: Host, peers: Iterable[Host]) -> str:
    # The key is among them: hosts made from another checkout do not know ours and are made anew.
    key = (SSH_DIR / "id_ed25519.pub").read_text()
    parts = [host.name, host.address, _mac(host.address), json.dumps(host.ports), key, *OPTIONS]
    parts.append(image.recipe("trixie"))
    parts += [f"{peer.name}={peer.address}" for peer in peers]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _forget_lease(host: Host) -> None:
    """Drop the lease of the address that a machine which lost power left behind (CNI keeps it on disk)."""
    (CNI_LEASES / NETWORK / host.address).unlink(missing_ok=True)


def _mac(address: str) -> str:
    """Return a locally administered MAC of the address's own, the same for each host that has it."""
    return "02:57:" + ":".join(f"{int(part):02x}" for part in address.split("."))


def ensure_host(host: Host, peers: list[Host]) -> str:
    """Make, start or leave alone one host; return which: `made`, `started` or `running`."""
    digest = _digest(host, peers)
    existing = podman.containers().get(host.name)
    if existing is not None and existing.running and existing.labels.get("digest") == digest:
        return "running"
    _forget_lease(host)
    outcome = "started"
    if existing is None or existing.labels.get("digest") != digest or not podman.succeeds("start", host.name):
        # Of another recipe, or in a state that it cannot be started from.
        if existing is not None:
            podman.run("rm", "--force", "--time", "5", host.name)
        _forget_lease(host)
        _make(host, digest)
        outcome = "made"
    _await_boot(host)
    _introduce(host, peers)
    return outcome


def _make(host: Host, digest: str) -> None:
    published = [f"--publish=127.0.0.1:{outside}:{inside}" for inside, outside in host.ports.items()]
    podman.run(
        "--runtime",
        preflight.runtime(),
        "run",
        "--detach",
        f"--name={host.name}",
        f"--hostname={host.name}",
        f"--network={NETWORK}",
        f"--ip={host.address}",
        # An address that comes back with another MAC is not reached until the old ARP entry expires.
        f"--mac-address={_mac(host.address)}",
        f"--label={LABEL}=1",
        f"--label=digest={digest}",
        *OPTIONS,
        *published,
        image.name(),
        "/sbin/init",
    )


def _await_boot(host: Host) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    state = "unknown"
    while time.monotonic() < deadline:
        done = subprocess.run(
            ["podman", "exec", host.name, "systemctl", "is-system-running"],
            capture_output=True,
            text=True,
            check=False,
        )
        state = done.stdout.strip() or done.stderr.strip()
        if state in {"running", "degraded"}:
            return
        time.sleep(0.3)
    raise LabError(
        f"{host.name} did not boot within {BOOT_SECONDS} s (systemd says: {state}): podman logs {host.name}"
    )


def _introduce(host: Host, peers: list[Host]) -> None:
    """Give the host its names, SSH host keys and our key: what a provider's image does at first boot."""
    public = (SSH_DIR / "id_ed25519.pub").read_text().strip()
    names = "\n".join(["127.0.0.1 localhost", *(f"{peer.address} {peer.name}" for peer in peers)])
    podman.run(
        "exec",
        "--interactive",
        host.name,
        "sh",
        "-euc",
        "read -r key; cat >/etc/hosts; install -d -m 0700 ~root/.ssh; "
        "printf '%s\\n' \"$key\" >~root/.ssh/authorized_keys; chmod 0600 ~root/.ssh/authorized_keys; "
        "ssh-keygen -A >/dev/null; systemctl reset-failed ssh; systemctl restart ssh",
        stdin=f"{public}\n{names}\n",
    )


def ensure_key() -> None:
    """Make the controller's SSH key for the lab unless it is there."""
    key = SSH_DIR / "id_ed25519"
    if key.exists():
        return
    SSH_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "whatsapp-lab", "-f", str(key)],
        check=True,
    )


def write_known_hosts(hosts: Iterable[Host]) -> None:
    """Record each host's public key, so that SSH checks whom it speaks to."""
    lines = []
    for host in hosts:
        key = podman.run("exec", host.name, "cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
        lines.append(f"[127.0.0.1]:{host.ports[22]} {key[0]} {key[1]}")
    path = SSH_DIR / "known_hosts"
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def remove(hosts: Iterable[Host]) -> list[str]:
    """Remove the lab's hosts and network; return the names of what was there."""
    existing = podman.containers()
    removed = []
    for host in hosts:
        found = existing.get(host.name)
        if found is not None and found.labels.get(LABEL):
            podman.run("rm", "--force", "--time", "5", host.name)
            removed.append(host.name)
    if podman.succeeds("network", "exists", NETWORK):
        podman.run("network", "rm", "--force", NETWORK)
        removed.append(f"network {NETWORK}")
    return removed
