"""Isolation, time limits and sharing of the collectors' runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import pytest
from whatsapp_exporter.collector import CollectionError
from whatsapp_exporter.collectors.database import metrics as database_metrics
from whatsapp_exporter.collectors.health import metrics as health_metrics
from whatsapp_exporter.family import Family, single
from whatsapp_exporter.scheduled_collector import CollectorSchedule
from whatsapp_exporter.scrape import Scraper, ScrapeResult, scrape_budget


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class ScriptedCollector:
    """Does what its script says at each run."""

    def __init__(self, name: str, script: Callable[[], Awaitable[Sequence[Family]]]) -> None:
        self.name = name
        self._script = script
        self.runs = 0
        self.closed = False

    async def collect(self) -> Sequence[Family]:
        """Count and run the script."""
        self.runs += 1
        return await self._script()

    def without_answer(self) -> Sequence[Family]:
        """Say that nothing is up."""
        return (single(health_metrics.HEALTH_UP, 0.0),)

    async def close(self) -> None:
        """Remember it."""
        self.closed = True


async def works() -> Sequence[Family]:
    """Answer at once."""
    return [single(database_metrics.DUE, 3.0)]


async def fails() -> Sequence[Family]:
    """Fail with something known."""
    raise CollectionError("half of it", [single(database_metrics.SCHEMA_VERSION, 1.0)])


async def is_defective() -> Sequence[Family]:
    """Fail as only a defect does."""
    raise ZeroDivisionError


async def hangs() -> Sequence[Family]:
    """Never answer."""
    never: asyncio.Future[Sequence[Family]] = asyncio.get_running_loop().create_future()
    return await never


async def refuses_to_stop() -> Sequence[Family]:
    """Swallow the first cancellation."""
    try:
        return await hangs()
    except asyncio.CancelledError:
        return await hangs()


def values(result: ScrapeResult) -> dict[tuple[str, ...], float]:
    """(name, label values) -> value."""
    return {
        (one.definition.name, *labels): value
        for one in result.families
        if isinstance(one, Family)
        for labels, value in one.samples.items()
    }


async def scrape_once(
    collectors: Sequence[ScriptedCollector], budget: float = 5.0
) -> dict[tuple[str, ...], float]:
    """Scrape with these collectors and end."""
    scraper = Scraper([CollectorSchedule(one, timeout=0.1) for one in collectors])
    found = values(await scraper.scrape(budget))
    await scraper.close()
    return found


async def test_one_bad_collector_takes_nothing_from_others(caplog: pytest.LogCaptureFixture) -> None:
    scripts = {"good": works, "failing": fails, "defective": is_defective, "hanging": hangs}
    with caplog.at_level(logging.WARNING):
        found = await scrape_once([ScriptedCollector(name, script) for name, script in scripts.items()])
    success = {name: found["whatsapp_exporter_collector_success", name] for name in scripts}
    assert success == {"good": 1, "failing": 0, "defective": 0, "hanging": 0}
    assert all(found["whatsapp_exporter_collector_duration_seconds", name] >= 0 for name in scripts)
    assert found["whatsapp_database_due_notifications",] == 3
    assert found["whatsapp_database_schema_version",] == 1  # what the failing one knew all the same
    assert "collector defective has a defect" in caplog.text
    assert "collector failing failed: half of it" in caplog.text


async def test_scrape_ends_at_its_budget_whatever_the_collectors_timeout() -> None:
    loop = asyncio.get_running_loop()
    scraper = Scraper([CollectorSchedule(ScriptedCollector("slow", hangs), timeout=60)])
    started = loop.time()
    found = values(await scraper.scrape(0.1))
    assert loop.time() - started < 1
    assert found["whatsapp_exporter_collector_success", "slow"] == 0
    assert found["whatsapp_exporter_collector_duration_seconds", "slow"] >= 0.09
    assert found["whatsapp_health_up",] == 0
    await scraper.close()


async def test_collector_that_will_not_stop_is_not_started_again() -> None:
    collector = ScriptedCollector("stuck", refuses_to_stop)
    scraper = Scraper([CollectorSchedule(collector, timeout=0.05)])
    first = values(await scraper.scrape(0.2))
    second = values(await scraper.scrape(0.1))
    assert collector.runs == 1
    assert first["whatsapp_exporter_collector_success", "stuck"] == 0
    assert second["whatsapp_exporter_collector_duration_seconds", "stuck"] >= 0.29
    await scraper.close()


async def test_simultaneous_scrapes_share_one_run() -> None:
    release = asyncio.Event()

    async def waits() -> Sequence[Family]:
        await release.wait()
        return await works()

    collector = ScriptedCollector("shared", waits)
    scraper = Scraper([CollectorSchedule(collector, timeout=5)])
    scrapes = [asyncio.create_task(scraper.scrape(5)) for _ in range(20)]
    impatient = values(await scraper.scrape(0.1))
    release.set()
    pages = [values(await scrape) for scrape in scrapes]
    assert collector.runs == 1
    assert impatient["whatsapp_exporter_collector_success", "shared"] == 0
    assert [page["whatsapp_exporter_collector_success", "shared"] for page in pages] == [1] * 20
    await scraper.scrape(5)
    assert collector.runs == 2
    await scraper.close()
    assert collector.closed


async def test_result_is_given_again_within_min_interval() -> None:
    clock = Clock()
    collector = ScriptedCollector("dear", works)
    schedule = CollectorSchedule(collector, timeout=5, min_interval=30)
    scraper = Scraper([schedule], monotonic=clock)
    await scraper.scrape(5)
    clock.now += 29
    again = values(await scraper.scrape(5))
    runs_within = collector.runs
    clock.now += 1
    await scraper.scrape(5)
    assert again["whatsapp_database_due_notifications",] == 3
    assert (runs_within, collector.runs) == (1, 2)
    await scraper.close()


async def test_last_success_stays_when_later_runs_fail(caplog: pytest.LogCaptureFixture) -> None:
    wall = Clock()
    script = [works, fails, fails, works]

    async def next_step() -> Sequence[Family]:
        return await script.pop(0)()

    scraper = Scraper([CollectorSchedule(ScriptedCollector("c", next_step), timeout=5)], wall=wall)
    name = ("whatsapp_exporter_collector_last_success_timestamp_seconds", "c")
    seen = []
    with caplog.at_level(logging.INFO):
        for _ in range(4):
            seen.append(values(await scraper.scrape(5))[name])
            wall.now += 15
    assert seen == [100, 100, 100, 145]
    assert [record.getMessage() for record in caplog.records] == [
        "collector c failed: half of it",  # once, not at every scrape
        "collector c works again",
    ]
    await scraper.close()


@pytest.mark.parametrize(
    ("header", "cap", "budget"),
    [
        (None, 30, 29.4),
        ("10", 30, 9.4),
        ("10.0", 5, 4.4),
        ("soon", 30, 29.4),
        ("nan", 30, 29.4),
        ("-3", 30, 29.4),
        ("inf", 30, 29.4),
        ("0.5", 30, 0.1),
    ],
)
def test_budget(header: str | None, cap: float, budget: float) -> None:
    assert scrape_budget(header, cap) == pytest.approx(budget)


async def test_background_collector_is_not_asked_by_scrapes() -> None:
    clock = Clock()
    ended = asyncio.Event()

    def remembered() -> float:  # asked for after the run, when its success is remembered
        ended.set()
        return 7.0

    collector = ScriptedCollector("dear", works)
    schedule = CollectorSchedule(collector, timeout=5, interval=3600)
    scraper = Scraper([schedule], monotonic=clock, wall=remembered)
    early = await scraper.scrape(5)
    runs_before_start = collector.runs
    scraper.start()
    await ended.wait()
    clock.now += 42
    pages = [await scraper.scrape(5) for _ in range(3)]
    await scraper.close()
    assert runs_before_start == 0
    assert early.shown["dear"].error == "no run has ended yet"
    assert collector.runs == 1
    assert [page.shown["dear"].error for page in pages] == [None] * 3
    assert [page.shown["dear"].age for page in pages] == [42] * 3
    assert values(pages[0])["whatsapp_exporter_collector_cache_age_seconds", "dear"] == 42


async def test_last_good_result_is_kept_for_a_while() -> None:
    clock = Clock()
    script = [works, fails, fails]

    async def next_step() -> Sequence[Family]:
        return await script.pop(0)()

    schedule = CollectorSchedule(ScriptedCollector("c", next_step), timeout=5, keep_for=60)
    scraper = Scraper([schedule], monotonic=clock)
    await scraper.scrape(5)
    clock.now += 60
    kept = await scraper.scrape(5)
    clock.now += 1
    forgotten = await scraper.scrape(5)
    await scraper.close()
    assert values(kept)["whatsapp_exporter_collector_success", "c"] == 0
    assert values(kept)["whatsapp_database_due_notifications",] == 3  # of the good run
    assert values(kept)["whatsapp_database_schema_version",] == 1  # of the failed one
    assert kept.shown["c"].age == 60
    assert ("whatsapp_database_due_notifications",) not in values(forgotten)
    assert forgotten.shown["c"].age == 0
