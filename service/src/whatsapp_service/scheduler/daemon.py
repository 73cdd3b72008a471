"""The scheduler's process: its parts put together, its signals and its metrics endpoint."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import signal
import socket

import uvloop
from prometheus_client import start_http_server
from whatsapp_database import DatabaseError

from whatsapp_service.clock import utc_now
from whatsapp_service.graph.client import GraphClient
from whatsapp_service.json_logging import log_event
from whatsapp_service.scheduler.context import SchedulerContext
from whatsapp_service.scheduler.metrics import SchedulerMetrics
from whatsapp_service.scheduler.scheduler import Scheduler
from whatsapp_service.settings import Settings
from whatsapp_service.startup import fail
from whatsapp_service.store import open_store
from whatsapp_service.systemd_notify import notify

logger = logging.getLogger("whatsapp.scheduler")


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; the batch in hand is finished first."""
    try:
        uvloop.run(serve(settings))
    except (DatabaseError, OSError) as error:
        log_event(logger, logging.CRITICAL, "Scheduler ended", error=str(error))
        fail("scheduler", str(error))


async def serve(settings: Settings) -> None:
    """The scheduler and its metrics endpoint. Raises DatabaseError or OSError when it cannot go on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics = SchedulerMetrics()
    graph = GraphClient(settings)
    try:
        async with open_store(settings) as database:
            context = SchedulerContext(
                settings=settings,
                database=database,
                graph=graph,
                metrics=metrics,
                instance=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
                clock=utc_now,
                random=random.SystemRandom().random,
                stop=stop,
            )
            server, thread = start_http_server(
                settings.scheduler_metrics_port,
                addr=settings.scheduler_metrics_host,
                registry=metrics.registry,
            )
            try:
                notify("READY=1")
                log_event(logger, logging.INFO, "Scheduler started", tags=("scheduler",))
                await Scheduler(context).run()
                notify("STOPPING=1")
                log_event(logger, logging.INFO, "Scheduler stopped", tags=("scheduler",))
            finally:
                await asyncio.to_thread(server.shutdown)
                server.server_close()
                await asyncio.to_thread(thread.join)
    finally:
        await graph.close()
