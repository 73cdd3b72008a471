"""Two schedulers that share nothing but the URL of a libSQL server, as on two hosts."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whatsapp_stack import database_file
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_client import HttpClient
from whatsapp_stack.kill_round import FINAL
from whatsapp_stack.simulator import accepted_messages, simulator_state
from whatsapp_stack.stack import Stack, StackSettings, prepared

_SETTINGS: Final = StackSettings(
    schedulers=2,
    libsql_server=True,
    service={
        "WHATSAPP_RATE_LIMIT_PER_MINUTE": "1000000",
        "WHATSAPP_MESSAGES_PER_SECOND": "1000000",
        "PROCESSING_INTERVAL": "0.5",
    },
    graph=(
        *("--messages-per-second", "0", "--pair-seconds", "0", "--webhook-batch", "500"),
        *("--sent-seconds", "0.1", "--delivered-seconds", "0.1", "--read-seconds", "0.1"),
        *("--delivered-probability", "1"),
    ),
)
_SENT: Final = re.compile(
    r'^whatsapp_send_requests_total\{error_class="none",result="accepted"\} (\S+)$', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class HostsResult:
    """What became of the notifications."""

    states: dict[str, int]
    sends: tuple[int, ...]
    """Messages that each scheduler sent."""
    sent_once: int
    """Notifications of which the simulator accepted exactly one message."""
    sent_more: int


async def play(notifications: int, folder: Path, *, seconds: float = 120.0) -> HostsResult:
    """Send so many notifications from both schedulers; raises StackError when they are not final in time."""
    async with prepared(_SETTINGS, folder) as stack:
        database_file.insert_due(stack.database_file, stack.fixture, notifications)
        for part in stack.daemons:
            await part.start()
        try:
            async with asyncio.timeout(seconds):
                states = await _final_states(stack)
        except TimeoutError as error:
            states = database_file.counted_states(stack.database_file)
            raise StackError(f"after {seconds:g} s not all notifications are final: {states}") from error
        async with HttpClient(stack.graph_port) as client:
            messages = await accepted_messages(client)
        sends = [await _sends(port) for port in stack.scheduler_ports]
    times = Counter(Counter(message.notification_id for message in messages).values())
    once = times.pop(1, 0)
    return HostsResult(states=states, sends=tuple(sends), sent_once=once, sent_more=times.total())


async def _final_states(stack: Stack) -> dict[str, int]:
    """The states once all are final and no status is on its way."""
    async with HttpClient(stack.graph_port) as client:
        while True:
            states = database_file.counted_states(stack.database_file)
            if set(states) <= FINAL and (await simulator_state(client)).webhooks_pending == 0:
                return states
            await asyncio.sleep(0.2)


async def _sends(port: int) -> int:
    """Accepted sends, as the scheduler's own metrics count them."""
    async with HttpClient(port) as client:
        text = (await client.request("GET", "/metrics")).body.decode()
    found = _SENT.search(text)
    if found is None:
        raise StackError("a scheduler's metrics do not count its sends")
    return int(float(found[1]))
