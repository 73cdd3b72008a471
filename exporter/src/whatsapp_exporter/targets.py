"""The services that are looked at: that of `/metrics`, and by name those of `/probe`."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from whatsapp_exporter.collector import CollectorSurroundings
from whatsapp_exporter.config import CollectorsConfig, Config
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.exposition.series_cap import SeriesCap
from whatsapp_exporter.scheduled_collector import CollectorSchedule, ScheduledCollector
from whatsapp_exporter.scrape import Scraper

logger = logging.getLogger(__name__)

CreateSchedules = Callable[[CollectorsConfig, CollectorSurroundings], list[CollectorSchedule]]


@dataclass(frozen=True, slots=True)
class Target:
    """A service with its collectors; `encoder` and `series_cap` remember what its last page had."""

    name: str
    """`""`: the service of `/metrics`."""
    config: CollectorsConfig
    surroundings: CollectorSurroundings
    scraper: Scraper
    encoder: PageEncoder
    series_cap: SeriesCap


class Targets:
    """Makes the targets that a configuration names, and keeps what a new one leaves as it was.

    `monotonic` and `wall` give seconds (`time.monotonic`, `time.time`).
    """

    def __init__(
        self,
        config: Config,
        create_schedules: CreateSchedules,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._create_schedules = create_schedules
        self._monotonic = monotonic
        self._wall = wall
        self._started = False
        self._retiring: set[asyncio.Task[None]] = set()
        self._by_name = {name: self._create(name, one, config) for name, one in _wanted(config).items()}

    @property
    def main(self) -> Target:
        """The service of `/metrics`."""
        return self._by_name[""]

    @property
    def named(self) -> Mapping[str, Target]:
        """Those of `/probe`, in the configuration's order."""
        return {name: target for name, target in self._by_name.items() if name}

    def start(self) -> None:
        """Begin with the collectors that run by themselves."""
        self._started = True
        for target in self._by_name.values():
            target.scraper.start()

    def reconfigure(self, config: Config) -> None:
        """Look at what the new configuration names from now on.

        A collector whose section did not change goes on with all that it remembers. Scrapes that are running
        end with the collectors that they began with.
        """
        before, self._by_name = self._by_name, {}
        for name, section in _wanted(config).items():
            target = self._create(name, section, config)
            self._by_name[name] = target
            old = before.pop(name, None)
            if old is not None:
                self._take_over(target, old)
        for target in before.values():
            for collector in target.scraper.collectors.values():
                self._retire(collector)
        if self._started:
            self.start()

    async def close(self) -> None:
        """Stop what runs and release everything."""
        await asyncio.gather(*(target.scraper.close() for target in self._by_name.values()))
        if self._retiring:
            await asyncio.wait(self._retiring)

    def _create(self, name: str, section: CollectorsConfig, config: Config) -> Target:
        surroundings = CollectorSurroundings(name, config.state_directory, self._wall, self._monotonic)
        schedules = self._create_schedules(section, surroundings)
        scraper = Scraper(schedules, monotonic=self._monotonic, wall=self._wall)
        return Target(name, section, surroundings, scraper, PageEncoder(), SeriesCap())

    def _take_over(self, target: Target, old: Target) -> None:
        """Put the collectors of `old` that did not change into `target`."""
        collectors = target.scraper.collectors
        for name, running in old.scraper.collectors.items():
            planned = collectors.get(name)
            if (
                planned is not None
                and planned.schedule.key == running.schedule.key
                and target.surroundings == old.surroundings
            ):
                collectors[name] = running
                self._retire(planned)
            else:
                self._retire(running)

    def _retire(self, collector: ScheduledCollector) -> None:
        task = asyncio.create_task(collector.retire(), name=f"end of {collector.name}")
        self._retiring.add(task)
        task.add_done_callback(self._retired)

    def _retired(self, task: asyncio.Task[None]) -> None:
        self._retiring.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a collector could not be released", exc_info=task.exception())


def _wanted(config: Config) -> dict[str, CollectorsConfig]:
    return {"": config.collectors, **config.targets}
