"""The exporter without HTTP: from a target to its page."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_exporter.config import Config
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.family import AnyFamily, family, single
from whatsapp_exporter.metrics import own
from whatsapp_exporter.process_metrics import process_families
from whatsapp_exporter.reloading import Reloader
from whatsapp_exporter.scrape import ScrapeResult
from whatsapp_exporter.scrape_gate import ScrapeGate
from whatsapp_exporter.targets import Target, Targets


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asked for: `budget` seconds for the collectors, the page's format, whether compressed."""

    budget: float
    form: Form = Form.TEXT
    gzip: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page and what the collectors gave for it. `dropped`: series left out, by metric."""

    body: bytes
    result: ScrapeResult
    dropped: dict[str, int]


class Exporter:
    """Answers scrapes; counts them and what it left out."""

    def __init__(self, targets: Targets, reloader: Reloader, *, version: str) -> None:
        self.targets = targets
        self.reloader = reloader
        self.version = version
        self.ready = False
        """Whether it has begun and not yet ended."""
        self.gate = ScrapeGate()
        self._dropped: Counter[str] = Counter()

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.reloader.config

    def start(self) -> None:
        """Begin with the collectors that run by themselves."""
        self.targets.start()
        self.ready = True

    async def close(self) -> None:
        """Stop what runs and release everything."""
        self.ready = False
        await self.targets.close()

    async def page(self, target: Target, wanted: Wanted) -> Page:
        """Scrape the target and render its page; that of `/metrics` shows the exporter's own metrics too.

        Raises TooManyScrapesError.
        """
        with self.gate.passing(self.config.max_concurrent_scrapes):
            result = await target.scraper.scrape(wanted.budget)
            capped = target.series_cap.cap(result.families, self.config.max_series_per_family)
            self._dropped.update(capped.dropped)
            families = capped.families if target.name else (*self._own_families(), *capped.families)
            # In a thread: a page of many companies takes long enough to hold other requests up.
            body = await asyncio.to_thread(target.encoder.encode, families, wanted.form, gzip=wanted.gzip)
        return Page(body, result, dict(capped.dropped))

    def _own_families(self) -> Sequence[AnyFamily]:
        status = self.reloader.status
        return (
            family(own.BUILD_INFO, [((self.version,), 1.0)]),
            single(own.CONFIG_RELOAD_SUCCESSFUL, status.error is None),
            single(own.CONFIG_RELOAD_SUCCESS_TIME, status.successful_at),
            single(own.SCRAPES_IN_FLIGHT, self.gate.in_flight),
            single(own.SCRAPES_REJECTED, self.gate.rejected),
            family(own.SERIES_DROPPED, [((name,), number) for name, number in sorted(self._dropped.items())]),
            *process_families(),
        )
