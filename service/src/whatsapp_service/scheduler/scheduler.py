"""The scheduler's rounds: lease, send, report, wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import datetime, timedelta
from typing import Final

from whatsapp_database import DatabaseError, TransientDatabaseError

from whatsapp_service import pauses
from whatsapp_service.json_logging import log_event
from whatsapp_service.pauses import Scope
from whatsapp_service.scheduler import leases, pace, state
from whatsapp_service.scheduler.batch import BatchProcessor
from whatsapp_service.scheduler.context import SchedulerContext
from whatsapp_service.scheduler.graph_watch import GraphWatch
from whatsapp_service.scheduler.leases import DueNotification

logger = logging.getLogger("whatsapp.scheduler")

_WAKE_POLL_SECONDS: Final = 1.0
_BETWEEN_TRANSIENT_FAULTS: Final = 1.0
_HOUSEKEEPING: Final = timedelta(minutes=1)


class Scheduler:
    """Runs until told to stop; what is under way is finished, what waits for its moment is given back."""

    def __init__(self, context: SchedulerContext) -> None:
        self._context = context
        self._processor = BatchProcessor(context)
        self._watch = GraphWatch(context)
        self._batches = asyncio.Semaphore(context.settings.scheduler_workers)
        self._tidied_at: datetime | None = None
        self._pauses_end: datetime | None = None

    async def run(self) -> None:
        """Rounds until `stop`. Raises PermanentDatabaseError, for nothing can be done about it here."""
        context = self._context
        background = [
            asyncio.create_task(self._report(), name="heartbeat"),
            asyncio.create_task(self._watch.run(), name="graph-watch"),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                while not context.stop.is_set():
                    await self._round(group)
        except* DatabaseError as errors:
            raise errors.exceptions[0] from None
        finally:
            for task in background:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            with contextlib.suppress(DatabaseError):
                await state.record_stop(context.database, context.instance)

    async def run_once(self) -> bool:
        """One batch from its lease to its last outcome; whether it was full."""
        size, batch = await self._lease()
        if batch:
            await self._process(batch)
        return len(batch) == size

    async def _round(self, group: asyncio.TaskGroup) -> None:
        """Lease a batch and let it be sent while the next is leased; wait when nothing is due."""
        context = self._context
        await self._batches.acquire()
        batch: list[DueNotification] = []
        try:
            _, batch = await self._lease()
            now = context.clock()
            pause = timedelta(0) if batch else self._patience(now)
            await state.record_execution(context.database, context.instance, now, now + pause)
            context.metrics.last_run.set(now.timestamp())
        except TransientDatabaseError as error:  # a leased batch is due again when its lease ends
            log_event(logger, logging.ERROR, "Round failed", error_code=error.code)
            self._batches.release()
            await context.sleep(_BETWEEN_TRANSIENT_FAULTS)
            return
        except BaseException:
            self._batches.release()
            raise
        if batch:
            group.create_task(self._process_and_free(batch))
        else:
            self._batches.release()
            await self._wait(pause)

    async def _lease(self) -> tuple[int, list[DueNotification]]:
        """The size that a full batch has now, and the batch; empty while everything is paused."""
        context, now = self._context, self._context.clock()
        await state.clear_wake(context.database)
        await self._settle_abandoned(now)
        size = min(context.settings.batch_size, self._processor.largest)
        in_force = await pauses.active_pauses(context.database, now)
        context.metrics.show_pauses(in_force)
        self._pauses_end = min((held.until for held in in_force if held.until is not None), default=None)
        if any(held.scope is Scope.EVERYTHING for held in in_force):
            return size, []
        if context.health.status == "unhealthy":
            size = 1  # one message tells whether sending works again
        batch = await leases.lease(
            context.database,
            owner=context.instance,
            now=now,
            duration=timedelta(seconds=context.settings.scheduler_lease_seconds),
            limit=size,
            pauses=in_force,
        )
        return size, batch

    async def _process_and_free(self, batch: list[DueNotification]) -> None:
        try:
            await self._process(batch)
        except TransientDatabaseError as error:
            log_event(logger, logging.ERROR, "Batch failed", error_code=error.code)
        finally:
            self._batches.release()

    async def _process(self, batch: list[DueNotification]) -> None:
        started = time.perf_counter()
        released = await self._processor.process(batch)
        elapsed = time.perf_counter() - started
        self._context.metrics.batches.inc()
        self._context.metrics.batch_duration.observe(elapsed)
        log_event(
            logger,
            logging.INFO,
            "Batch processed",
            tags=("scheduler",),
            size=len(batch),
            released=released,
            duration_ms=round(elapsed * 1000, 3),
        )
        if released:
            await self._context.sleep(_BETWEEN_TRANSIENT_FAULTS)

    async def _settle_abandoned(self, now: datetime) -> None:
        abandoned = await leases.settle_abandoned(self._context.database, now)
        if abandoned:
            log_event(logger, logging.WARNING, "Sends without a known outcome", count=abandoned)

    def _patience(self, now: datetime) -> timedelta:
        """PROCESSING_INTERVAL, or less when a pause ends before."""
        interval = timedelta(seconds=self._context.settings.processing_interval)
        return interval if self._pauses_end is None else min(interval, self._pauses_end - now)

    async def _wait(self, patience: timedelta) -> None:
        """Until the time is over, a round is asked for, or the end."""
        context = self._context
        end = time.monotonic() + patience.total_seconds()
        while not context.stop.is_set():
            left = end - time.monotonic()
            if left <= 0:
                return
            await context.sleep(min(left, _WAKE_POLL_SECONDS))
            try:
                if await state.wake_requested(context.database):
                    return
            except TransientDatabaseError as error:
                log_event(logger, logging.WARNING, "Wake request not readable", error_code=error.code)

    async def _report(self) -> None:
        """Heartbeat every few seconds, also while a long batch runs; now and then what is over is deleted."""
        context = self._context
        while True:
            now = context.clock()
            try:
                await state.beat(context.database, context.instance, now, self._own_report(now))
                if self._tidied_at is None or now - self._tidied_at >= _HOUSEKEEPING:
                    self._tidied_at = now
                    await pace.forget_recipients(context.database, now)
                    await pauses.forget_ended(context.database, now)
                    await state.forget_old(context.database, now)
            except DatabaseError as error:
                log_event(logger, logging.WARNING, "Heartbeat not recorded", error_code=error.code)
            await asyncio.sleep(state.HEARTBEAT_SECONDS)

    def _own_report(self, now: datetime) -> state.InstanceReport:
        context = self._context
        health, sends = context.health, context.window.count(now)
        context.metrics.rate_limit_remaining.set(
            max(context.settings.whatsapp_rate_limit_per_minute - sends, 0)
        )
        error = health.error
        return state.InstanceReport(
            active_jobs=self._processor.active,
            sends_last_minute=sends,
            oldest_send_seconds=context.window.reset_seconds(now),
            graph_status=health.status,
            last_successful_request=health.last_success,
            last_error_code=error.code if error else None,
            last_error_class=error.error_class.value if error else None,
        )
