"""Running Prometheus' and Alertmanager's own tools."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

TIMEOUT = 120
"""Seconds that one tool may take."""
WORKERS = 2
"""Tools that run at a time."""


class MissingToolError(Exception):
    """promtool or amtool is not installed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check said."""

    name: str
    passed: bool
    output: str


def tool(name: str) -> str:
    """Return the path of a tool.

    Raises:
        MissingToolError: it is not on the PATH.
    """
    found = shutil.which(name)
    if found is None:
        raise MissingToolError(f"{name} is not installed (Debian: prometheus, prometheus-alertmanager)")
    return found


def run(name: str, command: Sequence[str]) -> Verdict:
    """Run a check; it passes when the tool's exit status is 0."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return Verdict(name, passed=False, output=f"took longer than {TIMEOUT} s")
    return Verdict(name, passed=done.returncode == 0, output=(done.stdout + done.stderr).strip())
