"""The exporter as a process, before servers that take a connection and never answer."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.exporter.filled_database import fill, migrated
from whatsapp_stack.bench.exporter.hanging import HANGING, TIMEOUT_SECONDS, metrics_given, scrape_hanging
from whatsapp_stack.bench.exporter.notification_rows import Rows
from whatsapp_stack.bench.exporter.scrape_cost import stack_before
from whatsapp_stack.exporter_process import sources_of
from whatsapp_stack.silent_server import silent_server

_NOTIFICATIONS: Final = 3_000


async def test_a_page_comes_in_time_with_what_the_others_give(tmp_path: Path) -> None:
    """Each upstream alone, then all; at the same time, because each takes the whole timeout."""
    database = tmp_path / "filled.db"
    await migrated(database)
    fill(database, Rows(_NOTIFICATIONS, time.time()))
    async with stack_before(database, tmp_path, {}) as stack, silent_server() as port:
        sources = sources_of(stack)
        hanging = (scrape_hanging(tmp_path, sources, what, port) for what in HANGING)
        given, scrapes = await asyncio.gather(metrics_given(tmp_path, sources), asyncio.gather(*hanging))
    assert {name: len(metrics) > 5 for name, metrics in given.items()} == dict.fromkeys(
        ("health", "api", "database", "graph"), True
    )
    assert {scrape.what: scrape.faults(given) for scrape in scrapes} == {what: [] for what in HANGING}
    assert {scrape.what: scrape.page.seconds < TIMEOUT_SECONDS for scrape in scrapes} == dict.fromkeys(
        HANGING, True
    )
