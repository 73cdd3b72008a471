"""Applies kept webhook bodies in the background of an API process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from libsql_client import Client
from whatsapp_database import DatabaseError

from whatsapp_service.clock import Clock
from whatsapp_service.json_logging import log_event
from whatsapp_service.webhooks import inbox

logger = logging.getLogger("whatsapp.webhook")

_SWEEP_SECONDS: Final = 5.0
_LEFT_BEHIND: Final = timedelta(seconds=10)
"""A body this old belongs to a process that ended, or its first try failed: any worker takes it."""
_QUEUE_SIZE: Final = 1000


class WebhookWorker:
    """Applies what this process received at once, and what others left behind every few seconds."""

    def __init__(
        self, database: Client, *, clock: Clock, observe_lag: Callable[[timedelta], None] = lambda _lag: None
    ) -> None:
        self._database = database
        self._clock = clock
        self._observe_lag = observe_lag
        self._queue: asyncio.Queue[int] = asyncio.Queue(_QUEUE_SIZE)

    def take(self, event_id: int) -> None:
        """Apply this body soon; a full queue leaves it to the sweep."""
        if not self._queue.full():
            self._queue.put_nowait(event_id)

    async def run(self) -> None:
        """Work until cancelled. A body cut short by the end is applied again by the next sweep."""
        while True:
            try:
                async with asyncio.timeout(_SWEEP_SECONDS):
                    event_id = await self._queue.get()
            except TimeoutError:
                await self.sweep()
            else:
                await self._apply(event_id)

    async def sweep(self) -> None:
        """Apply what was left behind."""
        try:
            ids = await inbox.pending_ids(self._database, received_before=self._clock() - _LEFT_BEHIND)
        except DatabaseError as error:
            self._tell_failure(error)
            return
        for event_id in ids:
            await self._apply(event_id)

    async def _apply(self, event_id: int) -> None:
        try:
            result = await inbox.apply(
                self._database, event_id, now=self._clock(), observe_lag=self._observe_lag
            )
        except DatabaseError as error:
            self._tell_failure(error)
            return
        if result is not None:
            log_event(
                logger,
                logging.INFO if result.error is None else logging.WARNING,
                "webhook processed",
                tags=("webhook",),
                event_id=event_id,
                changed=result.changed,
                without_effect=result.without_effect,
                unknown=result.unknown,
                unreadable=result.unreadable,
            )

    def _tell_failure(self, error: DatabaseError) -> None:
        log_event(
            logger, logging.ERROR, "webhook not processed yet", tags=("webhook",), error_code=error.code
        )
