"""Run a target's collectors for a scrape: at once, each with its own timeout."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whatsapp_exporter.family import AnyFamily, family
from whatsapp_exporter.metrics import own
from whatsapp_exporter.scheduled_collector import CollectorSchedule, ScheduledCollector, Shown

SCRAPE_MARGIN_SECONDS = 0.5
"""How long before Prometheus gives up the page must be there (as the blackbox exporter does)."""
RENDER_RESERVE_SECONDS = 0.1
MINIMUM_BUDGET_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ScrapeResult:
    """What the collectors gave, by name, and the page's families: theirs, after how each of them went."""

    shown: dict[str, Shown]
    families: tuple[AnyFamily, ...]


def scrape_budget(header: str | None, cap: float) -> float:
    """Return the seconds that collectors have in this scrape.

    `header` is the request's `X-Prometheus-Scrape-Timeout-Seconds` (None or nonsense: only `cap` counts).
    The budget leaves SCRAPE_MARGIN_SECONDS and the time to render the page.
    """
    limit = cap
    if header is not None:
        try:
            announced = float(header)
        except ValueError:
            announced = cap
        if announced > 0:  # false for NaN too
            limit = min(announced, cap)
    return max(MINIMUM_BUDGET_SECONDS, limit - SCRAPE_MARGIN_SECONDS - RENDER_RESERVE_SECONDS)


class Scraper:
    """Owns a target's collectors.

    `monotonic` and `wall` give seconds (`time.monotonic`, `time.time`).
    """

    def __init__(
        self,
        schedules: Sequence[CollectorSchedule],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self.collectors = {schedule.collector.name: self._scheduled(schedule) for schedule in schedules}

    def start(self) -> None:
        """Begin with the collectors that run by themselves."""
        for collector in self.collectors.values():
            collector.start()

    async def scrape(self, budget: float) -> ScrapeResult:
        """Return every family within `budget` seconds, whatever the collectors do.

        A run that another scrape started is waited for, not repeated; one that outlasts the
        budget counts as failed in this scrape and goes on until its own timeout.
        """
        asked = [(collector, collector.ask()) for collector in self.collectors.values()]
        waiting = [run for _, run in asked if run is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=budget)
        shown = {collector.name: collector.show(run) for collector, run in asked}
        families = [*_self_metrics(shown)]
        for one in shown.values():
            families.extend(one.families)
        return ScrapeResult(shown, tuple(families))

    async def close(self) -> None:
        """Stop what runs and release the collectors."""
        await asyncio.gather(*(collector.close() for collector in self.collectors.values()))

    def _scheduled(self, schedule: CollectorSchedule) -> ScheduledCollector:
        return ScheduledCollector(schedule, monotonic=self._monotonic, wall=self._wall)


def _self_metrics(shown: dict[str, Shown]) -> list[AnyFamily]:
    return [
        family(own.COLLECTOR_SUCCESS, [((name,), one.error is None) for name, one in shown.items()]),
        family(own.COLLECTOR_DURATION, [((name,), one.duration) for name, one in shown.items()]),
        family(own.COLLECTOR_LAST_SUCCESS, [((name,), one.last_success) for name, one in shown.items()]),
        family(own.COLLECTOR_CACHE_AGE, [((name,), one.age) for name, one in shown.items()]),
    ]
