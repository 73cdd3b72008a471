"""Memory of the exporter with all collectors: after its first page, after thousands while labels change."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.exporter import imports
from whatsapp_stack.bench.exporter.changing_labels import ChangingLabels
from whatsapp_stack.bench.exporter.scrape_cost import stack_before
from whatsapp_stack.bench.exporter.scraping import SCRAPE
from whatsapp_stack.bench.figures import Figure, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.errors import StackError
from whatsapp_stack.exporter_process import ExporterProcess, sources_of
from whatsapp_stack.load import closed_loop

MOST_MEBIBYTES: Final = 80.0
MOST_GROWTH_PERCENT: Final = 10.0
_MEBIBYTE: Final = 2**20
_SCRAPES_A_CHANGE: Final = 10
_CONNECTIONS: Final = 2
_STAGES: Final = 10


async def measure(folder: Path, database: Path, service: Mapping[str, str], *, scrapes: int) -> list[Figure]:
    """Scrape `scrapes` times, in between change a copy of a small database. Raises StackError."""
    home = folder / "memory"
    home.mkdir()
    copy = home / "changing.db"
    await asyncio.to_thread(shutil.copyfile, database, copy)
    labels = ChangingLabels(copy)
    async with stack_before(copy, home, service) as stack:
        exporter = ExporterProcess(home, "exporter", sources_of(stack))
        try:
            await exporter.start()
            first = exporter.daemon.resident_bytes()
            figures = [
                Figure(
                    "memory after the first page",
                    round(first / _MEBIBYTE, 1),
                    "MiB",
                    Target(below=MOST_MEBIBYTES),
                )
            ]
            stage = max(scrapes // _STAGES, 1)
            for done in range(stage, stage * _STAGES + 1, stage):
                await _scrape(exporter, labels, stage)
                now = exporter.daemon.resident_bytes()
                tell(f"{done:,} scrapes, labels changing: {now / _MEBIBYTE:.1f} MiB")
                if done in {stage, stage * _STAGES // 2}:
                    figures.append(Figure(f"memory after {done:,} scrapes", round(now / _MEBIBYTE, 1), "MiB"))
            if not all((await exporter.page()).successes().values()):
                raise StackError(f"a collector failed while labels changed:{exporter.daemon.last_lines()}")
        finally:
            exporter.daemon.kill()
    growth = 100 * (now / first - 1)
    return [
        *figures,
        Figure(f"memory after {done:,} scrapes", round(now / _MEBIBYTE, 1), "MiB"),
        Figure("memory: growth", round(growth, 1), "%", Target(below=MOST_GROWTH_PERCENT)),
        *await imports.measure(),
    ]


async def _scrape(exporter: ExporterProcess, labels: ChangingLabels, times: int) -> None:
    for done in range(0, times, _SCRAPES_A_CHANGE):
        await asyncio.to_thread(labels.change)
        requests = [SCRAPE] * min(_SCRAPES_A_CHANGE, times - done)
        result = await closed_loop(exporter.port, requests, connections=_CONNECTIONS)
        if result.errors:
            raise StackError(f"{result.errors} scrapes were not answered: {result.refused}")
