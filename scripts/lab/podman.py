"""A typed edge to the podman command."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from lab.errors import LabError


@dataclass(frozen=True)
class Container:
    """What podman says of one container."""

    name: str
    running: bool
    labels: dict[str, str]


def run(*arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
    """Run podman and return its standard output.

    Raises:
        LabError: with the last line of what podman said.
    """
    try:
        done = subprocess.run(
            ["podman", *arguments], input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError as error:
        raise LabError("podman is missing: apt-get install podman runc") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"podman {arguments[0]} did not answer within {timeout:.0f} s") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise LabError(f"podman {arguments[0]}: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout


def succeeds(*arguments: str) -> bool:
    """Tell whether a podman command exits 0 (for `container exists` and its like)."""
    try:
        run(*arguments)
    except LabError:
        return False
    return True


def containers() -> dict[str, Container]:
    """Return all containers by name, running or not."""
    listed = json.loads(run("ps", "--all", "--format", "json") or "[]") or []
    return {
        name: Container(name=name, running=entry["State"] == "running", labels=entry.get("Labels") or {})
        for entry in listed
        for name in entry["Names"]
    }
