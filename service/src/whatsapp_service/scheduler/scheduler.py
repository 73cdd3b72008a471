"""The scheduler's rounds: lease, send, report, wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from libsql_client import Client
from whatsapp_database import DatabaseError, TransientDatabaseError

from whatsapp_service.clock import Clock
from whatsapp_service.graph.client import GraphClient
from whatsapp_service.graph.errors import SendError
from whatsapp_service.graph.status import record_status
from whatsapp_service.json_logging import log_event
from whatsapp_service.scheduler import leases, state
from whatsapp_service.scheduler.graph_health import GraphHealth
from whatsapp_service.scheduler.leases import DueNotification
from whatsapp_service.scheduler.metrics import SchedulerMetrics
from whatsapp_service.scheduler.rate_limit import RateLimiter
from whatsapp_service.scheduler.sender import Sender
from whatsapp_service.settings import Settings

logger = logging.getLogger("whatsapp.scheduler")

_LEASE: Final = timedelta(minutes=2)
_WAKE_POLL_SECONDS: Final = 1.0
_PROBE_SICK: Final = timedelta(seconds=60)
_PROBE_IDLE: Final = timedelta(minutes=5)
"""Meta allows 200 reads an hour; a healthy API is only asked when nothing was sent for a while."""


class Scheduler:
    """Runs until told to stop; a batch in hand is finished first."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Client,
        graph: GraphClient,
        health: GraphHealth,
        limiter: RateLimiter,
        sender: Sender,
        metrics: SchedulerMetrics,
        owner: str,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._graph = graph
        self._health = health
        self._limiter = limiter
        self._sender = sender
        self._metrics = metrics
        self._owner = owner
        self._clock = clock
        self._active = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds until `stop`. Raises PermanentDatabaseError, for nothing can be done about it here."""
        background = [
            asyncio.create_task(self._report(), name="heartbeat"),
            asyncio.create_task(self._watch_graph(), name="graph-probe"),
        ]
        try:
            while not stop.is_set():
                try:
                    full = await self.run_once()
                    pause = timedelta(seconds=self._settings.processing_interval)
                    now = self._clock()
                    await state.record_execution(self._database, now, now if full else now + pause)
                    self._metrics.last_run.set(now.timestamp())
                except TransientDatabaseError as error:
                    log_event(logger, logging.ERROR, "Round failed", error_code=error.code)
                    full = False
                if not full:
                    await self._wait(stop)
        finally:
            for task in background:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            with contextlib.suppress(DatabaseError):
                await state.record_stop(self._database)

    async def run_once(self) -> bool:
        """One batch; whether it was full, so that the next follows at once."""
        now = self._clock()
        await state.clear_wake(self._database)
        abandoned = await leases.settle_abandoned(self._database, now)
        if abandoned:
            log_event(logger, logging.WARNING, "Sends without a known outcome", count=abandoned)
        if self._sender.held:
            return False
        size = self._settings.batch_size
        batch = await leases.lease(self._database, owner=self._owner, now=now, duration=_LEASE, limit=size)
        if not batch:
            return False
        started = time.perf_counter()
        queue = iter(batch)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._settings.scheduler_workers, len(batch))):
                group.create_task(self._work(queue))
        unsent = [due.id for due in queue]  # left when the sender began to hold
        if unsent:
            await leases.release(self._database, unsent, owner=self._owner)
        elapsed = time.perf_counter() - started
        self._metrics.batches.inc()
        self._metrics.batch_duration.observe(elapsed)
        await self._record_graph()
        log_event(
            logger,
            logging.INFO,
            "Batch processed",
            tags=("scheduler",),
            size=len(batch),
            released=len(unsent),
            duration_ms=round(elapsed * 1000, 3),
        )
        return len(batch) == size and not self._sender.held

    async def _work(self, queue: Iterator[DueNotification]) -> None:
        while not self._sender.held:
            due = next(queue, None)
            if due is None:
                return
            self._active += 1
            try:
                await self._sender.process(due)
            except DatabaseError as error:  # an unrecorded send becomes DESCONOCIDA when its lease ends
                log_event(
                    logger,
                    logging.ERROR,
                    "Outcome not recorded",
                    notification_id=due.id,
                    error_code=error.code,
                )
            finally:
                self._active -= 1

    async def _wait(self, stop: asyncio.Event) -> None:
        """Until the interval is over, a round is asked for, or the end."""
        end = time.monotonic() + self._settings.processing_interval
        while not stop.is_set():
            left = end - time.monotonic()
            if left <= 0:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _WAKE_POLL_SECONDS)):
                    await stop.wait()
            try:
                if not self._sender.held and await state.wake_requested(self._database):
                    return
            except TransientDatabaseError as error:
                log_event(logger, logging.WARNING, "Wake request not readable", error_code=error.code)

    async def _report(self) -> None:
        """Heartbeat and Graph status every few seconds, also while a long batch runs."""
        while True:
            try:
                await state.beat(self._database, self._clock(), self._active)
                await self._record_graph()
            except DatabaseError as error:
                log_event(logger, logging.WARNING, "Heartbeat not recorded", error_code=error.code)
            await asyncio.sleep(state.HEARTBEAT_SECONDS)

    async def _watch_graph(self) -> None:
        """Ask the Graph API when sending does not tell how it is; not in the heartbeat, for it may hang."""
        while True:
            await self._probe_when_needed()
            await asyncio.sleep(state.HEARTBEAT_SECONDS)

    async def _probe_when_needed(self) -> None:
        now = self._clock()
        silence = None if self._health.last_call is None else now - self._health.last_call
        patience = _PROBE_IDLE if self._health.status == "healthy" else _PROBE_SICK
        if silence is not None and silence < patience:
            return
        try:
            await self._graph.probe()
        except SendError as error:
            self._health.failed(error, self._clock())
        else:
            self._health.succeeded(self._clock())

    async def _record_graph(self) -> None:
        remaining = self._limiter.remaining
        self._metrics.rate_limit_remaining.set(remaining)
        error = self._health.error
        await record_status(
            self._database,
            self._clock(),
            status=self._health.status,
            rate_limit_remaining=remaining,
            rate_limit_reset_seconds=self._limiter.reset_seconds,
            last_success=self._health.last_success,
            error_code=error.code if error else None,
            error_class=error.error_class.value if error else None,
        )
