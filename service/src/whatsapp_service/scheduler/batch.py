"""One leased batch: what is out of hours or cannot be sent is put aside, the rest leaves at its pace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from whatsapp_database import DatabaseError

from whatsapp_service.graph.errors import SendError
from whatsapp_service.json_logging import log_event
from whatsapp_service.scheduler import leases, outcomes
from whatsapp_service.scheduler.context import SchedulerContext
from whatsapp_service.scheduler.leases import DueNotification
from whatsapp_service.scheduler.pace import Slots, interval_seconds, take_slots
from whatsapp_service.scheduler.sender import Sender, message_parameters

logger = logging.getLogger("whatsapp.scheduler")

_HOURS_RETRY: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class PutOff:
    """Not to be sent before `until`, and why; `never_open` is a fault of the stored hours."""

    until: datetime
    reason: str
    never_open: bool = False


class BatchProcessor:
    """Processes batches, several at once; each message's fate is its own."""

    def __init__(self, context: SchedulerContext) -> None:
        settings = context.settings
        self._context = context
        self._sender = Sender(context)
        self._interval = interval_seconds(
            settings.whatsapp_rate_limit_per_minute, settings.whatsapp_messages_per_second
        )
        self._patience = timedelta(seconds=settings.scheduler_lease_seconds / 4)
        self.active = 0
        """Sends under way or waiting for their moment."""

    @property
    def largest(self) -> int:
        """So many messages leave well before their lease ends."""
        return max(int(self._patience.total_seconds() / self._interval), 1)

    async def process(self, batch: list[DueNotification]) -> int:
        """Send the batch and record its outcomes; how many were given back unsent."""
        now = self._context.clock()
        sendable: list[tuple[DueNotification, tuple[str, ...]]] = []
        unsent: list[int] = []
        async with asyncio.TaskGroup() as group:
            for due in batch:
                later = _put_off(due, now)
                try:
                    parameters = message_parameters(due) if later is None else ()
                except SendError as error:
                    group.create_task(self._guarded(due, self._sender.refuse(due, error)))
                    continue
                if later is None:
                    sendable.append((due, parameters))
                else:
                    group.create_task(self._guarded(due, self._reschedule(due, later)))
            slots = await self._take_slots(len(sendable))
            if slots is None:
                unsent = [due.id for due, _ in sendable]
            else:
                for index, (due, parameters) in enumerate(sendable):
                    send = self._send(due, parameters, slots.moment(index), unsent)
                    group.create_task(self._guarded(due, send))
        if unsent:
            await leases.release(self._context.database, unsent, owner=self._context.instance)
        return len(unsent)

    async def _take_slots(self, count: int) -> Slots | None:
        context = self._context
        if not count:
            return Slots(0, self._interval)
        return await take_slots(
            context.database, count, interval=self._interval, now=context.clock(), patience=self._patience
        )

    async def _send(
        self, due: DueNotification, parameters: tuple[str, ...], slot: float, unsent: list[int]
    ) -> None:
        self.active += 1
        try:
            if not await self._sender.send(due, parameters, slot):
                unsent.append(due.id)
        finally:
            self.active -= 1

    async def _reschedule(self, due: DueNotification, later: PutOff) -> None:
        context = self._context
        if later.never_open:
            log_event(
                logger,
                logging.ERROR,
                "Company hours never open",
                reason=later.reason,
                notification_id=due.id,
                empresa_id=due.empresa_id,
            )
        await outcomes.reschedule(context.database, due.id, later.until, context.clock(), later.reason)

    async def _guarded(self, due: DueNotification, step: Coroutine[Any, Any, None]) -> None:
        """One message's trouble with the database is its own; its lease ends by itself."""
        try:
            await step
        except DatabaseError as error:  # an unrecorded send becomes DESCONOCIDA when its lease ends
            log_event(
                logger,
                logging.ERROR,
                "Outcome not recorded",
                notification_id=due.id,
                error_code=error.code,
            )


def _put_off(due: DueNotification, now: datetime) -> PutOff | None:
    """Until when the company's hours put the message off; None inside them."""
    if due.hours_fault is not None:
        return PutOff(now + _HOURS_RETRY, due.hours_fault, never_open=True)
    if due.hours is None:
        return None
    opening = due.hours.next_opening(now)
    if opening is None:
        return PutOff(now + _HOURS_RETRY, "the company's hours have no open day", never_open=True)
    return PutOff(opening, "outside the company's hours") if opening > now else None
