"""Asking the Graph API how it is when sending does not tell."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from whatsapp_database import DatabaseError

from whatsapp_service.graph.errors import SendError
from whatsapp_service.json_logging import log_event
from whatsapp_service.scheduler.context import SchedulerContext
from whatsapp_service.scheduler.holds import lift_refused_login
from whatsapp_service.scheduler.state import HEARTBEAT_SECONDS

logger = logging.getLogger("whatsapp.scheduler")

_PROBE_SICK: Final = timedelta(seconds=60)
_PROBE_IDLE: Final = timedelta(minutes=5)
"""Meta allows 200 reads an hour; a healthy API is only asked when nothing was sent for a while."""


class GraphWatch:
    """Probes of its own pace, apart from the heartbeat, for the API may hang."""

    def __init__(self, context: SchedulerContext) -> None:
        self._context = context

    async def run(self) -> None:
        """Until the process shall end."""
        while not self._context.stop.is_set():
            await self.probe_when_needed()
            await self._context.sleep(HEARTBEAT_SECONDS)

    async def probe_when_needed(self) -> None:
        """One call when the last is long ago; a token that works again ends the pause that it caused."""
        context, now = self._context, self._context.clock()
        health = context.health
        silence = None if health.last_call is None else now - health.last_call
        patience = _PROBE_IDLE if health.status == "healthy" else _PROBE_SICK
        if silence is not None and silence < patience:
            return
        try:
            await context.graph.probe()
        except SendError as error:
            health.failed(error, context.clock())
            return
        health.succeeded(context.clock())
        try:
            if await lift_refused_login(context.database, context.clock()):
                log_event(logger, logging.INFO, "Token accepted again, sending resumed", tags=("scheduler",))
        except DatabaseError as error:
            log_event(logger, logging.WARNING, "Pause not lifted", error_code=error.code)
