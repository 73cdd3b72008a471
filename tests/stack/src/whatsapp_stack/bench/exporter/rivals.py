"""The same questions asked of the same database in other ways, beside what the exporter takes for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.exporter import query_exporter as other
from whatsapp_stack.bench.exporter.costs import Costs, together
from whatsapp_stack.bench.exporter.scrape_cost import stack_before
from whatsapp_stack.bench.exporter.scraping import scraped
from whatsapp_stack.bench.exporter.shell_script import METRICS, require_commands, script_runs
from whatsapp_stack.bench.figures import Figure, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.errors import StackError
from whatsapp_stack.exporter_process import ExporterProcess, Sources, sources_of
from whatsapp_stack.http_client import HttpClient

TIMES_CHEAPER: Final = 20.0
_ROUNDS: Final = 5
_ANSWER_SECONDS: Final = 120.0
_EXPORTER_SCRAPES: Final = 20
_STATES: Final = re.compile(r'^notifications\{.*estado="\w+".*\} (\S+)$', re.M)


async def measure(
    folder: Path, database: Path, notifications: int, service: Mapping[str, str], *, tools: Path, runs: int
) -> list[Figure]:
    """Scrape query-exporter and the exporter in turn, run the script; `runs` times each of the others.

    `tools` is where query-exporter is installed. Raises StackError, as when curl or jq are missing.
    """
    require_commands()
    command = await other.installed(tools)
    figures = await _query_exporter(folder, database, notifications, command, runs)
    return figures + await _script(folder, database, notifications, service, runs)


async def _query_exporter(
    folder: Path, database: Path, notifications: int, command: Path, runs: int
) -> list[Figure]:
    figures: list[Figure] = []
    exporter = ExporterProcess(folder, "exporter-alone", Sources(database=f"file:{database}"))
    try:
        await exporter.start()
        await scraped(exporter.port, _EXPORTER_SCRAPES, exporter.cpu_seconds)
        for question, columns in other.PER_COMPANY.items():
            tell(f"query-exporter {other.VERSION}, {notifications:,} notifications, by {question}: {runs} x")
            async with other.query_exporter(command, folder, database, columns) as rival:
                await _require_right_counts(rival.port, notifications)
                ours, theirs = [], []
                for _ in range(_ROUNDS):
                    ours.append(await scraped(exporter.port, _EXPORTER_SCRAPES, exporter.cpu_seconds))
                    theirs.append(await scraped(rival.port, max(runs // _ROUNDS, 1), rival.cpu_seconds))
            figures += _beside(
                f"{notifications:,} rows, query-exporter by {question}",
                together(theirs),
                f"{notifications:,} rows, this exporter beside by {question}",
                together(ours),
                Target(at_least=TIMES_CHEAPER),
            )
    finally:
        exporter.daemon.kill()
    return figures


def _beside(name: str, its: Costs, our_name: str, ours: Costs, target: Target | None = None) -> list[Figure]:
    return [
        *its.figures(name),
        *ours.figures(our_name),
        Figure(f"{name} to this exporter", round(its.median / ours.median, 1), "times", target),
        Figure(f"{name} to this exporter: CPU", round(its.cpu / ours.cpu, 1), "times"),
    ]


async def _require_right_counts(port: int, notifications: int) -> None:
    """Scrape once. Raises StackError unless the states' counts are those of all rows."""
    async with HttpClient(port, seconds=_ANSWER_SECONDS) as client:
        page = (await client.request("GET", "/metrics")).body.decode()
    counted = sum(float(value) for value in _STATES.findall(page))
    if counted != notifications:
        raise StackError(f"query-exporter counted {counted:,.0f} notifications of {notifications:,}")


async def _script(
    folder: Path, database: Path, notifications: int, service: Mapping[str, str], runs: int
) -> list[Figure]:
    home = folder / "script"
    home.mkdir()
    async with stack_before(database, home, service) as stack:
        exporter = ExporterProcess(home, "exporter", sources_of(stack))
        try:
            await exporter.start()
            tell(f"shell script and all collectors, {notifications:,} notifications: {runs} runs")
            await script_runs(stack, 2)
            await scraped(exporter.port, _EXPORTER_SCRAPES, exporter.cpu_seconds)
            ours, scripts = [], []
            for _ in range(_ROUNDS):
                ours.append(await scraped(exporter.port, _EXPORTER_SCRAPES, exporter.cpu_seconds))
                scripts.append(await script_runs(stack, max(runs // _ROUNDS, 1)))
            series = sum(
                1 for line in (await exporter.page()).text.splitlines() if line and not line.startswith("#")
            )
        finally:
            exporter.daemon.kill()
    all_collectors = f"{notifications:,} rows, all collectors beside it"
    return [
        *_beside(
            f"{notifications:,} rows, curl and jq for {METRICS} metrics",
            together(scripts),
            all_collectors,
            together(ours),
        ),
        Figure(f"{all_collectors}: series", series, ""),
    ]
