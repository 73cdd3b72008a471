"""Webhooks: how fast one API worker commits and answers them, and how soon they are applied."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whatsapp_stack import database_file
from whatsapp_stack.bench.cpu_shares import CpuShares
from whatsapp_stack.bench.figures import Figure, Report, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.database_file import SentNotification
from whatsapp_stack.errors import StackError
from whatsapp_stack.load import LoadResult, closed_loop, open_loop
from whatsapp_stack.stack import Stack, StackSettings, prepared
from whatsapp_stack.webhook_requests import MessageStatus, webhook_body, webhook_request

_CONNECTIONS: Final = 32
_LARGE_BYTES: Final = 3_000_000
_RATE: Final = 240.0
"""Three statuses for each of 80 messages a second."""
_APPLIED_SECONDS: Final = 300.0
_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class WebhookLoad:
    """How much is posted: statuses one by one, statuses of the large body, seconds at 240 statuses each."""

    single: int = 10_000
    large: int = 1_000
    steady_seconds: int = 15


async def measure(folder: Path, service: Mapping[str, str], load: WebhookLoad | None = None) -> Report:
    """Run the three loads one after the other. Raises StackError when an event or a state is missing."""
    settings = StackSettings(schedulers=0, webhooks=False, service=service)
    load = load or WebhookLoad()
    steady = int(_RATE * load.steady_seconds)
    async with prepared(settings, folder) as stack:
        count = load.single + load.large + steady
        tell(f"{count:,} notifications wait for their status")
        sent = database_file.insert_sent(stack.database_file, stack.fixture, count)
        await stack.api.start()
        bench = _Bench(stack, sent)
        return Report(
            "webhooks",
            (
                *await bench.closed(load.single),
                *await bench.large(load.large),
                *await bench.open(steady),
                Figure(
                    "API: resident memory at the end", round(stack.api.usage().rss_bytes / 2**20, 1), "MiB"
                ),
            ),
        )


class _Bench:
    def __init__(self, stack: Stack, sent: Sequence[SentNotification]) -> None:
        self._stack = stack
        self._sent = iter(sent)
        self._delivered = 0
        self._events = 0

    async def closed(self, count: int) -> list[Figure]:
        requests = self._single(count)
        tell(f"{len(requests):,} single statuses over {_CONNECTIONS} connections, as fast as they go")
        shares = CpuShares([self._stack.api])
        result = await closed_loop(self._stack.api_port, requests, connections=_CONNECTIONS)
        cpu = shares.figures("closed loop")
        self._verify_committed(result)
        applied = await self._applied(len(requests))
        return [
            Figure("closed loop: statuses answered", round(result.rate, 1), "/s", Target(at_least=1000)),
            Figure("closed loop: p50", round(result.quantile(0.5) * _MS, 2), "ms"),
            Figure("closed loop: p99", round(result.quantile(0.99) * _MS, 2), "ms", Target(below=250)),
            Figure("closed loop: longest", round(result.longest * _MS, 2), "ms"),
            Figure("closed loop: errors", result.errors, "", Target(below=1)),
            Figure("closed loop: all applied after the last answer", round(applied, 2), "s"),
            Figure(
                "closed loop: statuses applied", round(len(requests) / (result.seconds + applied), 1), "/s"
            ),
            *cpu,
        ]

    async def large(self, count: int) -> list[Figure]:
        statuses = [self._next_status() for _ in range(count)]
        body = webhook_body(statuses, size=_LARGE_BYTES)
        tell(f"one body of {count:,} statuses, {len(body) / 1e6:.1f} MB")
        request = webhook_request(body, self._stack.app_secret)
        result = await closed_loop(self._stack.api_port, [request], connections=1)
        self._verify_committed(result)
        applied = await self._applied(count)
        return [
            Figure(f"{count:,} statuses in 3 MB: answered", round(result.longest * _MS, 1), "ms"),
            Figure(f"{count:,} statuses in 3 MB: applied after the answer", round(applied, 2), "s"),
        ]

    async def open(self, count: int) -> list[Figure]:
        requests = self._single(count)
        tell(f"{count:,} single statuses, {_RATE:g} a second")
        shares = CpuShares([self._stack.api])
        result = await open_loop(self._stack.api_port, requests, rate=_RATE)
        cpu = shares.figures("240/s")
        self._verify_committed(result)
        applied = await self._applied(count)
        return [
            Figure("240/s: answered", round(result.rate, 1), "/s"),
            Figure("240/s: p50", round(result.quantile(0.5) * _MS, 2), "ms", Target(below=10)),
            Figure("240/s: p99", round(result.quantile(0.99) * _MS, 2), "ms"),
            Figure("240/s: longest", round(result.longest * _MS, 2), "ms"),
            Figure("240/s: errors", result.errors, "", Target(below=1)),
            Figure("240/s: all applied after the last answer", round(applied, 2), "s"),
            *cpu,
        ]

    def _next_status(self) -> MessageStatus:
        sent = next(self._sent)
        return MessageStatus(sent.message_id, sent.id, "delivered")

    def _single(self, count: int) -> list[bytes]:
        secret = self._stack.app_secret
        return [webhook_request(webhook_body([self._next_status()]), secret) for _ in range(count)]

    def _verify_committed(self, result: LoadResult) -> None:
        """Every body is committed before its 200, so all are there when the last 200 has come."""
        self._events += result.answered
        kept = database_file.event_count(self._stack.database_file)
        if kept < self._events:
            raise StackError(f"{self._events} webhooks were answered 200 but {kept} are kept")

    async def _applied(self, count: int) -> float:
        """Wait until the statuses are in the notifications' states; returns the seconds that took."""
        began = time.monotonic()
        self._delivered += count
        path = self._stack.database_file
        while database_file.state_counts(path).get("ENTREGADA", 0) < self._delivered:
            if time.monotonic() - began > _APPLIED_SECONDS:
                raise StackError(f"not all statuses were applied within {_APPLIED_SECONDS:g} s")
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        if database_file.counted_states(path).get("ENTREGADA") != self._delivered:
            raise StackError("the kept counts of states and the states themselves differ")
        return took
