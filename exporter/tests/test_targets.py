"""What a new configuration keeps and what it ends."""

import asyncio
from collections.abc import Sequence

from whatsapp_exporter.collector import CollectorSurroundings
from whatsapp_exporter.collectors.health import metrics
from whatsapp_exporter.config import CollectorsConfig, Config
from whatsapp_exporter.family import Family, single
from whatsapp_exporter.scheduled_collector import CollectorSchedule
from whatsapp_exporter.targets import Targets


class Recorded:
    """A collector that counts its runs and waits when it has something to wait for."""

    name = "health"

    def __init__(self, url: str) -> None:
        self.url = url
        self.runs = 0
        self.closed = False
        self.wait_for: asyncio.Event | None = None
        self.has_begun = asyncio.Event()

    async def collect(self) -> Sequence[Family]:
        """Count, and wait."""
        self.runs += 1
        self.has_begun.set()
        if self.wait_for is not None:
            await self.wait_for.wait()
        return [single(metrics.HEALTH_UP, 1.0)]

    def without_answer(self) -> Sequence[Family]:
        """Nothing is known."""
        return ()

    async def close(self) -> None:
        """Remember it."""
        self.closed = True


class Workshop:
    """Makes collectors and remembers them."""

    def __init__(self, interval: float | None = None) -> None:
        self.made: list[Recorded] = []
        self._interval = interval

    def __call__(
        self, config: CollectorsConfig, _surroundings: CollectorSurroundings
    ) -> list[CollectorSchedule]:
        """Make the health collector."""
        assert config.health is not None
        collector = Recorded(config.health.url)
        self.made.append(collector)
        return [CollectorSchedule(collector, timeout=5, interval=self._interval, key=config.health)]


def config(**urls: str) -> Config:
    """The main target and others by name."""
    sections = {name: {"health": {"url": url}} for name, url in urls.items()}
    return Config.model_validate({"collectors": sections.pop("main"), "targets": sections})


async def test_an_unchanged_collector_goes_on() -> None:
    workshop = Workshop()
    targets = Targets(config(main="http://a", norte="http://b", sur="http://c"), workshop)
    main, norte, sur = workshop.made
    await targets.main.scraper.scrape(5)
    targets.reconfigure(config(main="http://a", norte="http://changed", este="http://e"))
    await targets.main.scraper.scrape(5)
    await targets.close()
    assert list(targets.named) == ["norte", "este"]
    assert main.runs == 2
    assert norte.closed
    assert sur.closed


async def test_a_scrape_that_runs_ends_with_its_own_collector() -> None:
    workshop = Workshop()
    targets = Targets(config(main="http://a"), workshop)
    (old,) = workshop.made
    old.wait_for = asyncio.Event()
    scrape = asyncio.create_task(targets.main.scraper.scrape(5))
    await old.has_begun.wait()
    targets.reconfigure(config(main="http://b"))
    new_result = await targets.main.scraper.scrape(5)
    closed_while_running = old.closed
    old.wait_for.set()
    old_result = await scrape
    await targets.close()
    assert not closed_while_running
    assert old.closed
    assert old_result.shown["health"].error is None
    assert new_result.shown["health"].error is None
    assert workshop.made[1].runs == 1


async def test_background_collectors_of_new_targets_begin_at_once() -> None:
    workshop = Workshop(interval=3600)
    targets = Targets(config(main="http://a"), workshop)
    targets.start()
    await workshop.made[0].has_begun.wait()
    targets.reconfigure(config(main="http://a", norte="http://b"))
    norte = targets.named["norte"].scraper.collectors["health"].schedule.collector
    assert isinstance(norte, Recorded)
    await norte.has_begun.wait()
    await targets.close()
    assert workshop.made[0].runs == 1
    assert norte.runs == 1
