"""Sending: one scheduler at Meta's rate with everything flowing, then as fast as it can."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whatsapp_stack import database_file
from whatsapp_stack.bench.cpu_shares import CpuShares
from whatsapp_stack.bench.figures import Figure, Report, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.commands import run
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_client import HttpClient
from whatsapp_stack.load import LoadResult, open_loop
from whatsapp_stack.notification_requests import create_request
from whatsapp_stack.simulator import simulator_state
from whatsapp_stack.stack import Stack, StackSettings, prepared

RATE: Final = 80.0
"""Messages a second: Meta's limit of a number at the standard level."""
_RECIPIENTS: Final = 500
_COMPANIES: Final = 5
_FLOOD_SECONDS: Final = 300.0
_NO_LIMIT: Final = "1000000"


@dataclass(frozen=True, slots=True)
class SendingLoad:
    """How much is sent: `flow_seconds` with a sample every `sample_seconds`, then a flood."""

    waiting_before: int = 400
    flow_seconds: int = 60
    sample_seconds: int = 5
    flood: int = 10_000
    ceiling_seconds: int = 5


async def measure(folder: Path, service: Mapping[str, str], load: SendingLoad | None = None) -> Report:
    """Run the flow, then the flood, then the simulator alone. Raises StackError when messages get stuck."""
    load = load or SendingLoad()
    folders = [folder / name for name in ("flow", "flood")]
    for path in folders:
        path.mkdir()
    return Report(
        "sending",
        (
            *await _flow(folders[0], service, load),
            *await _flood(folders[1], service, load.flood),
            Figure("simulator alone: messages", await _ceiling(load.ceiling_seconds), "/s"),
        ),
    )


async def _flow(folder: Path, service: Mapping[str, str], load: SendingLoad) -> list[Figure]:
    settings = StackSettings(
        service={"WHATSAPP_RATE_LIMIT_PER_MINUTE": str(int(RATE * 60)), **service},
        graph=("--sent-seconds", "0.2", "--delivered-seconds", "0.5", "--read-seconds", "2"),
        companies=_COMPANIES,
        contacts=_RECIPIENTS // _COMPANIES,
    )
    async with prepared(settings, folder) as stack:
        database_file.insert_due(stack.database_file, stack.fixture, load.waiting_before)
        await stack.graph.start()
        await stack.api.start()
        requests = [create_request(stack, number) for number in range(int(RATE * load.flow_seconds))]
        tell(f"{load.flow_seconds} s of {RATE:g} arrivals a second, {load.waiting_before} waiting before")
        before = _queue(stack)
        await stack.schedulers[0].start()
        shares = CpuShares(stack.daemons)
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(open_loop(stack.api_port, requests, rate=RATE))
            sampling = group.create_task(_sampled_rates(stack, load))
        cpu = shares.figures("flow")
        after = _queue(stack)
        async with HttpClient(stack.graph_port) as client:
            state = await simulator_state(client)
        return [
            *_rate_figures(sampling.result(), load.sample_seconds),
            Figure("flow: queue before", before, ""),
            # A second's arrivals more are no growth: they came while the reading was made.
            Figure("flow: queue after", after, "", Target(below=before + RATE)),
            *_feed_figures(feeding.result()),
            *(
                Figure(f"flow: messages refused, code {code}", count, "", Target(below=1))
                for code, count in state.refused.items()
            ),
            Figure("flow: statuses that wait for the API", state.webhooks_pending, ""),
            *cpu,
        ]


def _rate_figures(rates: list[float], seconds: int) -> list[Figure]:
    median, least = round(statistics.median(rates), 1), round(min(rates), 1)
    return [
        Figure(f"flow: messages, median of {seconds} s", median, "/s", Target(at_least=79)),
        Figure(f"flow: messages, least of {seconds} s", least, "/s", Target(at_least=75)),
    ]


def _feed_figures(feed: LoadResult) -> list[Figure]:
    return [
        Figure("flow: arrivals accepted by the API", round(feed.rate, 1), "/s"),
        Figure("flow: acceptance p50", round(feed.quantile(0.5) * 1000, 2), "ms"),
        Figure("flow: acceptance p99", round(feed.quantile(0.99) * 1000, 2), "ms"),
        Figure("flow: arrivals without 201", feed.errors, "", Target(below=1)),
    ]


async def _sampled_rates(stack: Stack, load: SendingLoad) -> list[float]:
    rates = []
    async with HttpClient(stack.graph_port) as client:
        accepted, moment = (await simulator_state(client)).accepted, time.monotonic()
        for _ in range(load.flow_seconds // load.sample_seconds):
            await asyncio.sleep(load.sample_seconds)
            now_accepted, now = (await simulator_state(client)).accepted, time.monotonic()
            rates.append((now_accepted - accepted) / (now - moment))
            passed = len(rates) * load.sample_seconds
            tell(f"until {passed:2d} s: {rates[-1]:5.1f} messages/s, {_queue(stack):,} waiting")
            accepted, moment = now_accepted, now
    return rates


def _queue(stack: Stack) -> int:
    return database_file.state_counts(stack.database_file).get("PENDIENTE", 0)


async def _flood(folder: Path, service: Mapping[str, str], count: int) -> list[Figure]:
    """As fast as it goes: no limits, no statuses, nobody gets two messages."""
    lifted = {"WHATSAPP_RATE_LIMIT_PER_MINUTE": _NO_LIMIT, "WHATSAPP_MESSAGES_PER_SECOND": _NO_LIMIT}
    settings = StackSettings(
        service={**lifted, **service},
        graph=("--messages-per-second", "0"),
        webhooks=False,
        companies=_COMPANIES,
        contacts=count // _COMPANIES,
    )
    async with prepared(settings, folder) as stack:
        tell(f"{count:,} notifications without a limit")
        database_file.insert_due(stack.database_file, stack.fixture, count)
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
        per_message = shares.seconds(stack.schedulers[0].name) / count
        async with HttpClient(stack.graph_port) as client:
            state = await simulator_state(client)
        return [
            Figure("no limit: messages", round(count / took, 1), "/s"),
            Figure("no limit: notifications that were not sent", count - state.accepted, "", Target(below=1)),
            Figure("no limit: scheduler's CPU for a message", round(per_message * 1000, 2), "ms"),
            *cpu,
        ]


async def _ceiling(seconds: int) -> float:
    """Messages a second that the simulator alone takes: a scheduler that comes near it was not the limit."""
    tell("the simulator alone")
    module = ("-m", "whatsapp_world.graph.ceiling", "--without-webhooks", "--seconds", str(seconds), "--json")
    return float(json.loads(await run(sys.executable, *module))["messages_per_second"])
