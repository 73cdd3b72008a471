"""Checking compiled files with Prometheus' and Alertmanager's own tools."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from whatsapp_alerting.compilation import ALERTMANAGER, ROUTING_TESTS, RULE_TESTS, RULES

TIMEOUT = 120
"""Seconds that one tool may take."""


class MissingToolError(Exception):
    """promtool or amtool is not installed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check said."""

    name: str
    passed: bool
    output: str


def verify(directory: Path) -> Iterator[Verdict]:
    """Run every check on a compiled directory, one after the other.

    Raises:
        MissingToolError: a tool is not on the PATH.
        FileNotFoundError: the directory was not compiled.
    """
    promtool, amtool = _tool("promtool"), _tool("amtool")
    configuration = str(directory / ALERTMANAGER)
    yield _run("rules are valid", [promtool, "check", "rules", *_files(directory / RULES, "*.rules.yml")])
    for tests in _files(directory / RULE_TESTS, "*.test.yml"):
        yield _run(f"rules pass {Path(tests).name}", [promtool, "test", "rules", tests])
    yield _run("Alertmanager's configuration is valid", [amtool, "check-config", configuration])
    for row in _routing_table(directory / ROUTING_TESTS):
        yield _run(f"route of {row.name}", [amtool, *row.arguments(configuration)])


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    labels: dict[str, str]
    receivers: list[str]

    def arguments(self, configuration: str) -> list[str]:
        # amtool reads label values unquoted, and compares the receivers in the order of the routes.
        return [
            "config",
            "routes",
            "test",
            f"--config.file={configuration}",
            f"--verify.receivers={','.join(self.receivers)}",
            *(f"{label}={value}" for label, value in self.labels.items()),
        ]


def _files(folder: Path, pattern: str) -> list[str]:
    found = sorted(str(path) for path in folder.glob(pattern))
    if not found:
        raise FileNotFoundError(errno.ENOENT, "has no compiled files", str(folder))
    return found


def _routing_table(path: Path) -> list[_Row]:
    with path.open(encoding="utf-8") as file:
        return [_Row(**row) for row in yaml.safe_load(file)["routes"]]


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingToolError(f"{name} is not installed (Debian: prometheus, prometheus-alertmanager)")
    return found


def _run(name: str, command: list[str]) -> Verdict:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return Verdict(name, passed=False, output=f"took longer than {TIMEOUT} s")
    return Verdict(name, passed=done.returncode == 0, output=(done.stdout + done.stderr).strip())
