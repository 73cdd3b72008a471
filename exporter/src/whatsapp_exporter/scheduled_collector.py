"""A collector with its limits: runs it when a scrape asks or by itself, and remembers how it went."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from whatsapp_exporter.collector import CollectionError, Collector
from whatsapp_exporter.family import AnyFamily

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""How long the end of a run that was told to stop is waited for."""


@dataclass(frozen=True, slots=True)
class CollectorSchedule:
    """A collector with its limits in seconds (see section.CollectorConfig and BackgroundCollectorConfig).

    `interval` None: it runs when a scrape asks. `key` tells whether a reload changed it: a schedule with
    an equal key keeps the collector that runs.
    """

    collector: Collector
    timeout: float
    min_interval: float = 0.0
    interval: float | None = None
    keep_for: float = 0.0
    key: object = None


@dataclass(frozen=True, slots=True)
class CollectorRun:
    """How a run ended. `started` and `ended` are seconds of the monotonic clock."""

    families: tuple[AnyFamily, ...]
    error: str | None
    started: float
    ended: float

    @property
    def duration(self) -> float:
        """Seconds that it took."""
        return self.ended - self.started


@dataclass(frozen=True, slots=True)
class Shown:
    """What a scrape shows of a collector. `age`: seconds since the oldest of its families was obtained."""

    families: tuple[AnyFamily, ...]
    error: str | None
    duration: float
    age: float
    last_success: float


class ScheduledCollector:
    """Runs one collector; at most one run at a time, which all who wait share.

    `monotonic` and `wall` give seconds (`time.monotonic`, `time.time`).
    """

    def __init__(
        self, schedule: CollectorSchedule, *, monotonic: Callable[[], float], wall: Callable[[], float]
    ) -> None:
        self.schedule = schedule
        self.last_run: CollectorRun | None = None
        self.last_success = 0.0
        """Unix time; 0: never."""
        self.last_error: str | None = None
        """Of the newest run that failed, also when later ones did not."""
        self._monotonic = monotonic
        self._wall = wall
        self._last_good: CollectorRun | None = None
        self._running: asyncio.Task[CollectorRun] | None = None
        self._running_since = 0.0
        self._loop: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The collector's name."""
        return self.schedule.collector.name

    def start(self) -> None:
        """Begin to run by itself, when it has an interval."""
        if self.schedule.interval is not None and self._loop is None:
            self._loop = asyncio.create_task(self._repeat(self.schedule.interval), name=f"{self.name} loop")

    def ask(self) -> "asyncio.Task[CollectorRun] | None":
        """Return the run that a scrape has to wait for; None: what `show` gives now is all there is."""
        if self.schedule.interval is not None:
            return None
        if self._running is not None and not self._running.done():
            return self._running
        last = self.last_run
        if last is not None and self._monotonic() - last.started < self.schedule.min_interval:
            return None
        return self._begin()

    def show(self, run: "asyncio.Task[CollectorRun] | None") -> Shown:
        """Return what the scrape shows, `run` being what `ask` gave it, ended or not."""
        now = self._monotonic()
        if run is None:
            ended = self.last_run or CollectorRun(
                tuple(self.schedule.collector.without_answer()), "no run has ended yet", now, now
            )
            return self._shown(ended, now)
        if run.done() and not run.cancelled():
            return self._shown(run.result(), now)
        unfinished = CollectorRun(
            tuple(self.schedule.collector.without_answer()),
            "not finished when the scrape had to end",
            self._running_since,
            now,
        )
        return self._shown(unfinished, now)

    async def retire(self) -> None:
        """Run no more by itself, let a run that somebody may wait for end, then release the collector."""
        if self._loop is not None:
            self._loop.cancel()
        if self._running is not None:
            await asyncio.wait({self._running})
        await self.close()

    async def close(self) -> None:
        """Stop what runs and release the collector."""
        tasks = [task for task in (self._loop, self._running) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        await self.schedule.collector.close()

    def _begin(self) -> asyncio.Task[CollectorRun]:
        self._running_since = self._monotonic()
        self._running = asyncio.create_task(self._run(), name=self.name)
        return self._running

    async def _repeat(self, interval: float) -> None:
        while True:
            started = self._monotonic()
            await self._begin()
            await asyncio.sleep(max(0.0, started + interval - self._monotonic()))

    def _shown(self, run: CollectorRun, now: float) -> Shown:
        families, obtained = run.families, run.ended
        good = self._last_good
        if run.error is not None and good is not None and now - good.ended <= self.schedule.keep_for:
            told = {one.definition for one in run.families}
            kept = tuple(one for one in good.families if one.definition not in told)
            if kept:
                families, obtained = (*families, *kept), good.ended
        return Shown(families, run.error, run.duration, max(0.0, now - obtained), self.last_success)

    async def _run(self) -> CollectorRun:
        started = self._monotonic()
        collecting = asyncio.create_task(_collect(self.schedule.collector))
        try:
            done, _ = await asyncio.wait({collecting}, timeout=self.schedule.timeout)
            if not done:
                # Waits for the cancelled run, so that runs of a collector that will not end never pile up.
                collecting.cancel()
                await asyncio.wait({collecting})
        finally:
            collecting.cancel()
        families, error = _outcome(collecting, self.schedule, in_time=bool(done))
        run = CollectorRun(families, error, started, self._monotonic())
        self._remember(run)
        return run

    def _remember(self, run: CollectorRun) -> None:
        previous = self.last_run.error if self.last_run is not None else None
        if run.error is None:
            self.last_success = self._wall()
            self._last_good = run if self.schedule.keep_for else None
            if previous is not None:
                logger.info("collector %s works again", self.name)
        elif run.error != previous:
            logger.warning("collector %s failed: %s", self.name, run.error)
        self.last_run = run
        self.last_error = run.error or self.last_error


async def _collect(collector: Collector) -> tuple[AnyFamily, ...]:
    return tuple(await collector.collect())


def _outcome(
    task: asyncio.Task[tuple[AnyFamily, ...]], schedule: CollectorSchedule, *, in_time: bool
) -> tuple[tuple[AnyFamily, ...], str | None]:
    """Return the families to show and the reason of a failure (None: success)."""
    collector = schedule.collector
    if not in_time:
        return tuple(collector.without_answer()), f"no answer within {schedule.timeout:g} s"
    failure = asyncio.CancelledError() if task.cancelled() else task.exception()
    if failure is None:
        return task.result(), None
    if isinstance(failure, CollectionError):
        return failure.families, str(failure)
    # A collector's defect takes away its own metrics only.
    logger.error("collector %s has a defect", collector.name, exc_info=failure)
    return tuple(collector.without_answer()), f"defect: {type(failure).__name__}"
