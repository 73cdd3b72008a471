"""Applies kept webhook bodies in the background of an API process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from libsql_client import Client
from whatsapp_database import DatabaseError

from whatsapp_service.clock import Clock
from whatsapp_service.json_logging import log_event
from whatsapp_service.webhooks import inbox
from whatsapp_service.webhooks.applying import Applied, apply_events
from whatsapp_service.webhooks.inbox import KeptEvent

logger = logging.getLogger("whatsapp.webhook")

_SWEEP_SECONDS: Final = 5.0
_TOGETHER: Final = 100
"""Bodies that share a commit: the next ones must not wait long for their own."""
_WAITING: Final = 5000
_WAITING_BYTES: Final = 32 * 1024 * 1024


class WebhookWorker:
    """Applies what this process received at once, and what others left behind every few seconds."""

    def __init__(
        self, database: Client, *, clock: Clock, observe: Callable[[Applied], Awaitable[None]]
    ) -> None:
        """`observe` is told what was applied, after it was committed."""
        self._database = database
        self._clock = clock
        self._observe = observe
        self._queue: asyncio.Queue[KeptEvent] = asyncio.Queue(_WAITING)
        self._waiting_bytes = 0

    def take(self, event: KeptEvent) -> None:
        """Apply this body soon; what is too much to hold in memory is left to the sweep."""
        if not self._queue.full() and self._waiting_bytes + len(event.body) <= _WAITING_BYTES:
            self._waiting_bytes += len(event.body)
            self._queue.put_nowait(event)

    async def run(self) -> None:
        """Work until cancelled. A body cut short by the end is applied again by the next sweep."""
        next_sweep = time.monotonic() + _SWEEP_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + _SWEEP_SECONDS):
                    events = [await self._queue.get()]
            except TimeoutError:
                events = []
            while len(events) < _TOGETHER and not self._queue.empty():
                events.append(self._queue.get_nowait())
            self._waiting_bytes -= sum(len(event.body) for event in events)
            await self._apply(events)
            if time.monotonic() >= next_sweep:
                await self.sweep()
                next_sweep = time.monotonic() + _SWEEP_SECONDS

    async def sweep(self) -> None:
        """Apply what was left behind."""
        try:
            events = await inbox.left_behind(self._database, self._clock())
        except DatabaseError as error:
            self._tell_failure(error)
            return
        for start in range(0, len(events), _TOGETHER):
            await self._apply(events[start : start + _TOGETHER])

    async def _apply(self, events: list[KeptEvent]) -> None:
        if not events:
            return
        try:
            applied = await apply_events(self._database, events, self._clock())
        except DatabaseError as error:
            self._tell_failure(error)
            return
        await self._observe(applied)
        troubled = applied.unknown or applied.unreadable or applied.failed
        log_event(
            logger,
            logging.WARNING if troubled else logging.INFO,
            "webhook processed",
            tags=("webhook",),
            events=len(events),
            changed=applied.changed,
            repeated=applied.repeated,
            unknown=applied.unknown,
            unreadable=applied.unreadable,
            postponed=applied.postponed,
            failed=applied.failed,
        )

    def _tell_failure(self, error: DatabaseError) -> None:
        log_event(
            logger, logging.ERROR, "webhook not processed yet", tags=("webhook",), error_code=error.code
        )
