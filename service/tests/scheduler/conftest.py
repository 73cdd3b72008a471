"""A scheduler in front of a served Graph API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from libsql_client import Client
from whatsapp_service.settings import Settings

from .bench import GraphApi, SchedulerBench, Serve


@pytest.fixture
async def bench(settings: Settings, database: Client, serve: Serve) -> AsyncIterator[SchedulerBench]:
    """Batches of five that leave without delay; they end in ways whose series were there from the start."""
    graph = GraphApi()
    async with serve(graph.app()) as url:
        fast = {
            "batch_size": 5,
            "whatsapp_rate_limit_per_minute": 1_000_000,
            "whatsapp_messages_per_second": 100_000,
        }
        made = SchedulerBench(settings.model_copy(update=fast), database, graph, url)
        known = made.kinds_of_send()
        yield made
        assert made.kinds_of_send() == known
        await made.client.close()
