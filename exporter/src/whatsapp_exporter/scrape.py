"""Run the collectors for a scrape: at once, each with its own timeout; simultaneous scrapes share a run."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client.core import Metric

from whatsapp_exporter import metrics
from whatsapp_exporter.collector import CollectionError, Collector

logger = logging.getLogger(__name__)

SCRAPE_MARGIN_SECONDS = 0.5
"""How long before Prometheus gives up the page must be there (as the blackbox exporter does)."""
RENDER_RESERVE_SECONDS = 0.1
MINIMUM_BUDGET_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class CollectorRun:
    """How a collector's run ended. Times are seconds of the injected monotonic clock."""

    families: tuple[Metric, ...]
    error: str | None
    started: float
    duration: float


@dataclass(frozen=True, slots=True)
class CollectorSchedule:
    """A collector with its limits in seconds (see config.CollectorConfig)."""

    collector: Collector
    timeout: float
    min_interval: float = 0.0


@dataclass(slots=True)
class CollectorState:
    """What is remembered of a collector between scrapes."""

    schedule: CollectorSchedule
    running: asyncio.Task[CollectorRun] | None = None
    running_since: float = 0.0
    last_run: CollectorRun | None = None
    last_success: float = 0.0
    last_error: str | None = None


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
    """Owns the collectors and their state.

    `monotonic` and `wall` give seconds (`time.monotonic`, `time.time`).
    """

    def __init__(
        self,
        schedules: Sequence[CollectorSchedule],
        *,
        version: str,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.states = {schedule.collector.name: CollectorState(schedule) for schedule in schedules}
        self._version = version
        self._monotonic = monotonic
        self._wall = wall

    async def scrape(self, budget: float) -> list[Metric]:
        """Return every family within `budget` seconds, whatever the collectors do.

        A run that another scrape started is waited for, not repeated; one that outlasts the
        budget counts as failed in this scrape and goes on until its own timeout.
        """
        runs = {name: self._current_run(state) for name, state in self.states.items()}
        waiting = [run for run in runs.values() if isinstance(run, asyncio.Task)]
        if waiting:
            await asyncio.wait(waiting, timeout=budget)
        results = {name: self._result(self.states[name], run) for name, run in runs.items()}
        families = [metrics.BUILD_INFO.family([((self._version,), 1.0)])]
        families.extend(self._self_metrics(results))
        for result in results.values():
            families.extend(result.families)
        return families

    async def close(self) -> None:
        """Stop what runs and release the collectors."""
        tasks = [state.running for state in self.states.values() if state.running is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=MINIMUM_BUDGET_SECONDS)
        for state in self.states.values():
            await state.schedule.collector.close()

    def _current_run(self, state: CollectorState) -> "asyncio.Task[CollectorRun] | CollectorRun":
        if state.running is not None and not state.running.done():
            return state.running
        last = state.last_run
        if last is not None and self._monotonic() - last.started < state.schedule.min_interval:
            return last
        state.running_since = self._monotonic()
        state.running = asyncio.create_task(self._run(state), name=state.schedule.collector.name)
        return state.running

    def _result(
        self, state: CollectorState, run: "asyncio.Task[CollectorRun] | CollectorRun"
    ) -> CollectorRun:
        if isinstance(run, CollectorRun):
            return run
        if run.done() and not run.cancelled():
            return run.result()
        return CollectorRun(
            families=tuple(state.schedule.collector.without_answer()),
            error="not finished when the scrape had to end",
            started=state.running_since,
            duration=self._monotonic() - state.running_since,
        )

    async def _run(self, state: CollectorState) -> CollectorRun:
        schedule = state.schedule
        started = self._monotonic()
        collecting = asyncio.create_task(_collect(schedule.collector))
        try:
            done, _ = await asyncio.wait({collecting}, timeout=schedule.timeout)
            if not done:
                # Waits for the cancelled run, so that runs of a collector that will not end never pile up.
                collecting.cancel()
                await asyncio.wait({collecting})
        finally:
            collecting.cancel()
        families, error = _outcome(collecting, schedule, in_time=bool(done))
        run = CollectorRun(families, error, started, self._monotonic() - started)
        self._remember(state, run)
        return run

    def _remember(self, state: CollectorState, run: CollectorRun) -> None:
        name = state.schedule.collector.name
        if run.error is None:
            state.last_success = self._wall()
            if state.last_error is not None:
                logger.info("collector %s works again", name)
        elif run.error != state.last_error:
            logger.warning("collector %s failed: %s", name, run.error)
        state.last_error = run.error
        state.last_run = run

    def _self_metrics(self, results: dict[str, CollectorRun]) -> list[Metric]:
        return [
            metrics.COLLECTOR_SUCCESS.family(
                [((name,), float(result.error is None)) for name, result in results.items()]
            ),
            metrics.COLLECTOR_DURATION.family(
                [((name,), result.duration) for name, result in results.items()]
            ),
            metrics.COLLECTOR_LAST_SUCCESS.family(
                [((name,), self.states[name].last_success) for name in results]
            ),
        ]


async def _collect(collector: Collector) -> tuple[Metric, ...]:
    return tuple(await collector.collect())


def _outcome(
    task: asyncio.Task[tuple[Metric, ...]], schedule: CollectorSchedule, *, in_time: bool
) -> tuple[tuple[Metric, ...], str | None]:
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
