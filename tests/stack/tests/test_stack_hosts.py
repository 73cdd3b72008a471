"""Two schedulers that share nothing but a remote database, as on two hosts."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

from whatsapp_stack import database_file
from whatsapp_stack.http_client import HttpClient
from whatsapp_stack.kill_round import FINAL
from whatsapp_stack.simulator import accepted_messages, simulator_state
from whatsapp_stack.stack import Stack, StackSettings, prepared

NOTIFICATIONS = 2_000
SETTINGS = StackSettings(
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


async def test_each_notification_is_sent_once(tmp_path: Path) -> None:
    async with prepared(SETTINGS, tmp_path) as stack:
        database_file.insert_due(stack.database_file, stack.fixture, NOTIFICATIONS)
        for part in stack.daemons:
            await part.start()
        async with asyncio.timeout(120):
            states = await _finished(stack)
        async with HttpClient(stack.graph_port) as client:
            messages = await accepted_messages(client)
        sent = [await _accepted_sends(port) for port in stack.scheduler_ports]
    assert sum(states.values()) == NOTIFICATIONS
    assert "DESCONOCIDA" not in states
    times = Counter(message.notification_id for message in messages)
    assert len(times) == NOTIFICATIONS
    assert set(times.values()) == {1}
    assert sum(sent) == NOTIFICATIONS
    assert min(sent) > NOTIFICATIONS / 10, f"one scheduler did nearly everything: {sent}"


async def _finished(stack: Stack) -> dict[str, int]:
    """The states once all are final and no status is on its way."""
    async with HttpClient(stack.graph_port) as client:
        while True:
            states = database_file.counted_states(stack.database_file)
            if set(states) <= FINAL and (await simulator_state(client)).webhooks_pending == 0:
                return states
            await asyncio.sleep(0.2)


async def _accepted_sends(port: int) -> int:
    async with HttpClient(port) as client:
        text = (await client.request("GET", "/metrics")).body.decode()
    found = re.search(
        r'^whatsapp_send_requests_total\{error_class="none",result="accepted"\} (\S+)$', text, re.M
    )
    assert found is not None
    return int(float(found[1]))
