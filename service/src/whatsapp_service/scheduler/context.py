"""What the parts of one scheduler share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from libsql_client import Client

from whatsapp_service.clock import Clock
from whatsapp_service.graph.client import GraphClient
from whatsapp_service.scheduler.graph_health import GraphHealth
from whatsapp_service.scheduler.metrics import SchedulerMetrics
from whatsapp_service.scheduler.send_window import SendWindow
from whatsapp_service.settings import Settings


@dataclass(frozen=True, slots=True)
class SchedulerContext:
    """Settings, connections and measurements; `instance` names this process among all schedulers.

    `random` gives 0..1; `stop` is set when the process shall end.
    """

    settings: Settings
    database: Client
    graph: GraphClient
    metrics: SchedulerMetrics
    instance: str
    clock: Clock
    random: Callable[[], float]
    health: GraphHealth = field(default_factory=GraphHealth)
    window: SendWindow = field(default_factory=SendWindow)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        """Until the time is over or the process shall end."""
        if seconds > 0 and not self.stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.stop.wait()
