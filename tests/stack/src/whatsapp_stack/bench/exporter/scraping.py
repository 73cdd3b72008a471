"""Scraping as Prometheus does, again and again over one connection that stays open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from whatsapp_stack.bench.exporter.costs import Costs
from whatsapp_stack.errors import StackError
from whatsapp_stack.exporter_process import TIMEOUT_HEADER
from whatsapp_stack.http_connection import build_request
from whatsapp_stack.load import closed_loop

_HEADERS: Final = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    TIMEOUT_HEADER: "10",
}
SCRAPE: Final = build_request("GET", "/metrics", headers=_HEADERS)


async def scraped(
    port: int, times: int, cpu_seconds: Callable[[], float], *, seconds: float = 600.0
) -> Costs:
    """Scrape a port's `/metrics` one after the other; `cpu_seconds` is what the exporter has used until now.

    Raises StackError when an answer is not 200.
    """
    before = cpu_seconds()
    result = await closed_loop(port, [SCRAPE] * times, connections=1, seconds=seconds)
    if result.errors:
        raise StackError(f"{result.errors} of {times} scrapes were not answered: {result.refused}")
    return Costs(result.latencies, cpu_seconds() - before)
