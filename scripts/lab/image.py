"""The hosts' image: Debian with systemd, made by debootstrap and kept as a podman image."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from lab import podman
from lab.errors import LabError
from lab.layout import LAB_DIR

REPOSITORY = "localhost/whatsapp-lab"
SUITES = ("trixie", "bookworm")
MIRROR = "http://deb.debian.org/debian"
PACKAGES = (
    "ca-certificates",
    "cron",
    "dbus",
    "iproute2",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
)
# Host keys belong to a host, not to its image; a machine id likewise (systemd makes one at boot).
TRIM = ("etc/ssh/ssh_host_*", "etc/machine-id", "var/cache/apt/archives/*.deb", "var/log/*.log")


def recipe(suite: str) -> str:
    """Return a short digest of all that decides what the image holds."""
    parts = [suite, MIRROR, *PACKAGES, *TRIM]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def name(suite: str = "trixie") -> str:
    """Return the image's name for a Debian suite."""
    return f"{REPOSITORY}:{suite}"


def present(suite: str = "trixie") -> bool:
    """Tell whether the image is there and made by the present recipe."""
    try:
        label = podman.run("image", "inspect", "--format", '{{ index .Labels "recipe" }}', name(suite))
    except LabError:
        return False
    return label.strip() == recipe(suite)


def build(suite: str = "trixie") -> None:
    """Make the image: about a minute, most of it unpacking packages."""
    log = LAB_DIR / f"debootstrap-{suite}.log"
    with tempfile.TemporaryDirectory(prefix="whatsapp-lab-", dir="/var/tmp") as scratch:
        root = Path(scratch) / "root"
        with log.open("wb") as output:
            done = subprocess.run(
                [
                    "debootstrap",
                    "--variant=minbase",
                    f"--include={','.join(PACKAGES)}",
                    suite,
                    str(root),
                    MIRROR,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            raise LabError(f"debootstrap of Debian {suite} failed: see .lab/{log.name}")
        for pattern in TRIM:
            for path in root.glob(pattern):
                path.unlink()
        (root / "etc/machine-id").touch()
        _import(root, suite)


def _import(root: Path, suite: str) -> None:
    """Pipe the tree into podman without a copy on disk."""
    tar = shutil.which("tar")
    if tar is None:
        raise LabError("tar is missing: apt-get install tar")
    with subprocess.Popen([tar, "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as archive:
        done = subprocess.run(
            [
                "podman",
                "import",
                "--quiet",
                '--change=CMD ["/sbin/init"]',
                "--change=STOPSIGNAL SIGRTMIN+3",
                f"--change=LABEL recipe={recipe(suite)}",
                "-",
                name(suite),
            ],
            stdin=archive.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0 or archive.returncode != 0:
        raise LabError(f"podman import failed: {done.stderr.strip()}")


def ensure(suite: str = "trixie") -> bool:
    """Make the image when it is missing or of an older recipe; return whether it was made."""
    if present(suite):
        return False
    build(suite)
    return True


def remove() -> list[str]:
    """Remove the images of every suite; return their names."""
    there = [name(suite) for suite in SUITES if podman.succeeds("image", "exists", name(suite))]
    for found in there:
        podman.run("rmi", "--force", found)
    return there
