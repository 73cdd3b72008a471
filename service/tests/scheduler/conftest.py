"""A scheduler in front of a served Graph API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from libsql_client import Client
from whatsapp_service.settings import Settings

from .bench import GraphApi, SchedulerBench, Serve


@pytest.fixture
async def bench(settings: Settings, database: Client, serve: Serve) -> AsyncIterator[SchedulerBench]:
    """Batches of five."""
    graph = GraphApi()
    async with serve(graph.app()) as url:
        made = SchedulerBench(settings.model_copy(update={"batch_size": 5}), database, graph, url)
        yield made
        await made.client.close()
