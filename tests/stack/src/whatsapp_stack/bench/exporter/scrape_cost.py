"""Whether a scrape costs more when there are more notifications: databases of different sizes, in turn."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.exporter.costs import Costs, together
from whatsapp_stack.bench.exporter.scraping import scraped
from whatsapp_stack.bench.figures import Figure, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.exporter_process import ExporterProcess, Sources, sources_of
from whatsapp_stack.stack import Stack, StackSettings, prepared

MOST_TIMES_THE_SMALLEST: Final = 1.5
MOST_MILLISECONDS: Final = 50.0
_WARM_UP: Final = 10


async def measure(
    folder: Path, databases: Mapping[int, Path], service: Mapping[str, str], *, rounds: int, scrapes: int
) -> list[Figure]:
    """Scrape each database (by its number of notifications) `rounds` times `scrapes` times, in turn.

    In turn, so that what else the machine does falls on all of them alike. First the collector of the
    database alone, then all four with an API before the same database and the Graph API's simulator.
    """
    figures = await _alone(folder, databases, rounds, scrapes)
    return figures + await _all_collectors(folder, databases, service, rounds, scrapes)


async def _alone(folder: Path, databases: Mapping[int, Path], rounds: int, scrapes: int) -> list[Figure]:
    exporters = {
        count: ExporterProcess(folder, f"exporter-{count}", Sources(database=f"file:{path}"))
        for count, path in databases.items()
    }
    return await _compared("database collector", exporters, rounds, scrapes)


async def _all_collectors(
    folder: Path, databases: Mapping[int, Path], service: Mapping[str, str], rounds: int, scrapes: int
) -> list[Figure]:
    async with AsyncExitStack() as stacks:
        exporters = {}
        for count, path in databases.items():
            home = folder / f"stack-{count}"
            home.mkdir()
            stack = await stacks.enter_async_context(stack_before(path, home, service))
            exporters[count] = ExporterProcess(home, "exporter", sources_of(stack))
        return await _compared("all collectors", exporters, rounds, scrapes)


@contextlib.asynccontextmanager
async def stack_before(database: Path, folder: Path, service: Mapping[str, str]) -> AsyncIterator[Stack]:
    """An API that serves a database that is there, and the Graph API's simulator, both running."""
    settings = StackSettings(schedulers=0, webhooks=False, service=service)
    async with prepared(settings, folder) as stack:
        for suffix in ("", "-wal", "-shm"):
            stack.database_file.with_name(stack.database_file.name + suffix).unlink(missing_ok=True)
        # SQLite follows the link, so that the journal stays beside the file itself.
        stack.database_file.symlink_to(database)
        await stack.api.start()
        await stack.graph.start()
        yield stack


async def _compared(
    name: str, exporters: Mapping[int, ExporterProcess], rounds: int, scrapes: int
) -> list[Figure]:
    found: dict[int, list[Costs]] = {count: [] for count in exporters}
    try:
        for count, exporter in exporters.items():
            await exporter.start()
            await scraped(exporter.port, _WARM_UP, exporter.cpu_seconds)
            tell(f"{name}, {count:,} notifications: {rounds} x {scrapes} scrapes")
        for _ in range(rounds):
            for count, exporter in exporters.items():
                found[count].append(await scraped(exporter.port, scrapes, exporter.cpu_seconds))
    finally:
        for exporter in exporters.values():
            exporter.daemon.kill()
    costs = {count: together(rounds_of_it) for count, rounds_of_it in found.items()}
    figures = [
        figure
        for count, cost in costs.items()
        for figure in cost.figures(f"{name}, {count:,} rows", Target(below=MOST_MILLISECONDS))
    ]
    smallest, largest = min(costs), max(costs)
    times = costs[largest].median / costs[smallest].median
    text = f"{name}: {largest:,} rows to {smallest:,} rows"
    return [*figures, Figure(text, round(times, 2), "times", Target(below=MOST_TIMES_THE_SMALLEST))]
