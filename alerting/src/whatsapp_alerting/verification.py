"""Checking compiled files with Prometheus' and Alertmanager's own tools."""

import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from whatsapp_alerting.compilation import ALERTMANAGER, ROUTING_TESTS, RULE_TESTS, RULES
from whatsapp_alerting.tools import WORKERS, Verdict, run, tool


def verify(directory: Path, done: Callable[[int, int], None] = lambda _done, _all: None) -> Iterator[Verdict]:
    """Run every check on a compiled directory, WORKERS at a time; the verdicts come in the checks' order.

    `done` is told how many of all have a verdict.

    Raises:
        MissingToolError: a tool is not on the PATH.
        FileNotFoundError: the directory was not compiled.
    """
    checks = _checks(directory)
    with ThreadPoolExecutor(WORKERS) as pool:
        for number, verdict in enumerate(pool.map(lambda check: run(*check), checks), start=1):
            done(number, len(checks))
            yield verdict


def _checks(directory: Path) -> list[tuple[str, list[str]]]:
    """Return name and command of each check."""
    promtool, amtool = tool("promtool"), tool("amtool")
    configuration = str(directory / ALERTMANAGER)
    checks = [("rules are valid", [promtool, "check", "rules", *_files(directory / RULES, "*.rules.yml")])]
    checks += [
        (f"rules pass {Path(tests).name}", [promtool, "test", "rules", tests])
        for tests in _files(directory / RULE_TESTS, "*.test.yml")
    ]
    checks.append(("Alertmanager's configuration is valid", [amtool, "check-config", configuration]))
    checks += [
        (f"route of {row.name}", [amtool, *row.arguments(configuration)])
        for row in _routing_table(directory / ROUTING_TESTS)
    ]
    return checks


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
