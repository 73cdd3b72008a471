"""Sending: one scheduler at Meta's rate with everything flowing, then as fast as it can."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from whatsapp_stack import database_file
from whatsapp_stack.bench.ceiling import simulator_ceiling
from whatsapp_stack.bench.cpu_shares import CpuShares
from whatsapp_stack.bench.figures import Figure, Report, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_client import HttpClient
from whatsapp_stack.load import LoadResult, open_loop
from whatsapp_stack.notification_requests import create_request
from whatsapp_stack.simulator import simulator_state
from whatsapp_stack.stack import Stack, StackSettings, prepared

RATE: Final = 80.0
"""Messages a second: Meta's limit of a number at the standard level."""
FLOW_SECONDS: Final = 60
SAMPLE_SECONDS: Final = 5
QUEUE_AT_START: Final = 400
FLOOD: Final = 10_000
_FLOOD_SECONDS: Final = 300.0
_NO_LIMIT: Final = "1000000"


async def measure(folder: Path, service: Mapping[str, str]) -> Report:
    """Run the flow, then the flood, then the simulator alone. Raises StackError when messages get stuck."""
    folders = [folder / name for name in ("flow", "flood", "ceiling")]
    for path in folders:
        path.mkdir()
    return Report(
        "sending",
        (
            *await _flow(folders[0], service),
            *await _flood(folders[1], service),
            Figure("simulator alone: messages", round(await simulator_ceiling(folders[2]), 1), "/s"),
        ),
    )


async def _flow(folder: Path, service: Mapping[str, str]) -> list[Figure]:
    settings = StackSettings(
        service={"WHATSAPP_RATE_LIMIT_PER_MINUTE": str(int(RATE * 60)), **service},
        graph=("--sent-seconds", "0.2", "--delivered-seconds", "0.5", "--read-seconds", "2"),
    )
    async with prepared(settings, folder) as stack:
        database_file.insert_due(stack.database_file, stack.fixture, QUEUE_AT_START)
        await stack.graph.start()
        await stack.api.start()
        requests = [create_request(stack, number) for number in range(int(RATE * FLOW_SECONDS))]
        tell(f"{FLOW_SECONDS} s of {RATE:g} arrivals a second, {QUEUE_AT_START} waiting before")
        before = _queue(stack)
        await stack.schedulers[0].start()
        shares = CpuShares(stack.daemons)
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(open_loop(stack.api_port, requests, rate=RATE))
            sampling = group.create_task(_sampled_rates(stack))
        cpu = shares.figures("flow")
        after = _queue(stack)
        async with HttpClient(stack.graph_port) as client:
            state = await simulator_state(client)
        return [
            *_rate_figures(sampling.result()),
            Figure("flow: queue before", before, ""),
            # A second's arrivals more are no growth: they came while the reading was made.
            Figure("flow: queue after", after, "", Target(below=before + RATE)),
            *_feed_figures(feeding.result()),
            *(
                Figure(f"flow: messages refused, code {code}", n, "", Target(below=1))
                for code, n in state.refused.items()
            ),
            Figure("flow: statuses that wait for the API", state.webhooks_pending, ""),
            *cpu,
        ]


def _rate_figures(rates: list[float]) -> list[Figure]:
    return [
        Figure(
            f"flow: messages, median of {SAMPLE_SECONDS} s",
            round(statistics.median(rates), 1),
            "/s",
            Target(at_least=79),
        ),
        Figure(
            f"flow: messages, least of {SAMPLE_SECONDS} s", round(min(rates), 1), "/s", Target(at_least=75)
        ),
    ]


def _feed_figures(feed: LoadResult) -> list[Figure]:
    return [
        Figure("flow: arrivals accepted by the API", round(feed.rate, 1), "/s"),
        Figure("flow: acceptance p50", round(feed.quantile(0.5) * 1000, 2), "ms"),
        Figure("flow: acceptance p99", round(feed.quantile(0.99) * 1000, 2), "ms"),
        Figure("flow: arrivals without 201", feed.errors, "", Target(below=1)),
    ]


async def _sampled_rates(stack: Stack) -> list[float]:
    rates = []
    async with HttpClient(stack.graph_port) as client:
        accepted, moment = (await simulator_state(client)).accepted, time.monotonic()
        for _ in range(FLOW_SECONDS // SAMPLE_SECONDS):
            await asyncio.sleep(SAMPLE_SECONDS)
            now_accepted, now = (await simulator_state(client)).accepted, time.monotonic()
            rates.append((now_accepted - accepted) / (now - moment))
            moments = len(rates) * SAMPLE_SECONDS
            tell(f"until {moments:2d} s: {rates[-1]:5.1f} messages/s, {_queue(stack):,} waiting")
            accepted, moment = now_accepted, now
    return rates


def _queue(stack: Stack) -> int:
    return database_file.state_counts(stack.database_file).get("PENDIENTE", 0)


async def _flood(folder: Path, service: Mapping[str, str]) -> list[Figure]:
    lifted = {"WHATSAPP_RATE_LIMIT_PER_MINUTE": _NO_LIMIT, "WHATSAPP_MESSAGES_PER_SECOND": _NO_LIMIT}
    settings = StackSettings(
        service={**lifted, **service}, graph=("--messages-per-second", _NO_LIMIT), webhooks=False
    )
    async with prepared(settings, folder) as stack:
        tell(f"{FLOOD:,} notifications without a limit")
        database_file.insert_due(stack.database_file, stack.fixture, FLOOD)
        await stack.graph.start()
        await stack.schedulers[0].start()
        shares = CpuShares([stack.graph, stack.schedulers[0]])
        began = time.monotonic()
        while _queue(stack) > 0:
            if time.monotonic() - began > _FLOOD_SECONDS:
                raise StackError(f"{_queue(stack)} notifications were not sent within {_FLOOD_SECONDS:g} s")
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        cpu = shares.figures("no limit")
        per_message = shares.seconds(stack.schedulers[0].name) / FLOOD
        async with HttpClient(stack.graph_port) as client:
            state = await simulator_state(client)
        if state.accepted != FLOOD:
            raise StackError(f"{FLOOD} notifications left the queue, the simulator accepted {state.accepted}")
        return [
            Figure("no limit: messages", round(FLOOD / took, 1), "/s"),
            Figure("no limit: scheduler's CPU for a message", round(per_message * 1000, 2), "ms"),
            *cpu,
        ]
