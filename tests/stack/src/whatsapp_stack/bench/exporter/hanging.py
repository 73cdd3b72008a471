"""Scrapes while what the collectors ask takes every connection and never answers: one alone, then all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.exporter.scrape_cost import stack_before
from whatsapp_stack.bench.figures import Figure, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.errors import StackError
from whatsapp_stack.exporter_process import ExporterProcess, Page, Sources, sources_of
from whatsapp_stack.http_connection import HOST
from whatsapp_stack.silent_server import silent_server

TIMEOUT_SECONDS: Final = 5.0
HANGING: Final[Mapping[str, frozenset[str]]] = {
    "API": frozenset({"health", "api"}),
    "database server": frozenset({"database"}),
    "Graph API": frozenset({"graph"}),
    "all": frozenset({"health", "api", "database", "graph"}),
}
"""What hangs, and the collectors that ask it."""


@dataclass(frozen=True, slots=True)
class HangingScrape:
    """The first page while something hangs, and the next one.

    What the collector of the Graph API gives is looked for in the second page: it asks by itself, so that its
    first answer may come after the first page has begun.
    """

    what: str
    page: Page
    next_page: Page

    def faults(self, given: Mapping[str, frozenset[str]]) -> list[str]:
        """What is not as it must be: a collector that hangs fails alone, the others give all they have.

        `given` are the metrics of each collector.
        """
        found = []
        for name, metrics in given.items():
            hangs = name in HANGING[self.what]
            page = self.next_page if name == "graph" else self.page
            if page.successes().get(name) is hangs:
                found.append(f"collector {name}: success {page.successes().get(name)}")
            missing = metrics - page.metrics()
            if not hangs and missing:
                found.append(f"collector {name} lacks {', '.join(sorted(missing))}")
        return found


async def scrape_hanging(folder: Path, sources: Sources, what: str, port: int) -> HangingScrape:
    """Scrape a new exporter, of whose sources those of `what` are the silent server at a port."""
    url = f"http://{HOST}:{port}"
    replaced = HANGING[what]
    sources = replace(
        sources,
        api=url if "api" in replaced else sources.api,
        database=url if "database" in replaced else sources.database,
        graph=url if "graph" in replaced else sources.graph,
    )
    exporter = ExporterProcess(folder, f"exporter-{what.replace(' ', '-')}", sources)
    try:
        await exporter.start(wait_for_all=False)
        page = await exporter.page(timeout_header=TIMEOUT_SECONDS)
        next_page = await exporter.page(timeout_header=TIMEOUT_SECONDS)
    finally:
        exporter.daemon.kill()
    return HangingScrape(what, page, next_page)


async def metrics_given(folder: Path, sources: Sources) -> dict[str, frozenset[str]]:
    """The metrics of each collector alone, while everything answers. Raises StackError when one fails."""

    async def alone(name: str) -> frozenset[str]:
        exporter = ExporterProcess(folder, f"exporter-only-{name}", sources, only=frozenset({name}))
        try:
            await exporter.start()
            return (await exporter.page()).metrics()
        finally:
            exporter.daemon.kill()

    names = list(sources.collectors())
    return dict(zip(names, await asyncio.gather(*map(alone, names)), strict=True))


async def measure(folder: Path, database: Path, service: Mapping[str, str]) -> list[Figure]:
    """Each upstream alone, then all at once. Raises StackError when a page lacks what the others give."""
    home = folder / "hanging"
    home.mkdir()
    async with stack_before(database, home, service) as stack, silent_server() as port:
        sources = sources_of(stack)
        given = await metrics_given(home, sources)
        tell("hanging: API, database server, Graph API, all")
        scrapes = await asyncio.gather(*(scrape_hanging(home, sources, what, port) for what in HANGING))
    figures = []
    for scrape in scrapes:
        if faults := scrape.faults(given):
            raise StackError(f"{scrape.what} hangs: {'; '.join(faults)}")
        name = f"{scrape.what} hangs: page with a timeout of {TIMEOUT_SECONDS:g} s"
        figures.append(Figure(name, round(scrape.page.seconds, 2), "s", Target(below=TIMEOUT_SECONDS)))
    return figures
