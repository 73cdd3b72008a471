"""What one API process opens at its start and closes at its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from libsql_client import Client
from starlette.applications import Starlette
from starlette.types import Lifespan
from whatsapp_database import require_current_schema

from whatsapp_service.api.authentication import Authenticator
from whatsapp_service.api.context import ApiContext
from whatsapp_service.api.metrics import ApiMetrics, shared_response_times
from whatsapp_service.api.response_time import ResponseTime
from whatsapp_service.cache import Cache, open_cache
from whatsapp_service.clock import Clock
from whatsapp_service.settings import Settings
from whatsapp_service.store import open_store
from whatsapp_service.templates import forget_templates
from whatsapp_service.webhooks.applying import Applied
from whatsapp_service.webhooks.worker import WebhookWorker


def lifespan_of(
    settings: Settings, metrics: ApiMetrics, clock: Clock, database: Client | None, cache: Cache | None
) -> Lifespan[Starlette]:
    """The lifespan; a database or cache that is given is used and not closed."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            store = open_store(settings) if database is None else database
            if database is None:
                stack.push_async_callback(store.close)
            await require_current_schema(store)
            used_cache = open_cache(settings) if cache is None else cache
            if cache is None:
                stack.push_async_callback(used_cache.close)

            async def observe(applied: Applied) -> None:
                metrics.count_applied(applied)
                if applied.account_events:
                    await forget_templates(used_cache)

            worker = WebhookWorker(store, clock=clock, observe=observe)
            directory = settings.prometheus_multiproc_dir
            app.state.context = ApiContext(
                settings=settings,
                database=store,
                cache=used_cache,
                clock=clock,
                metrics=metrics,
                response_time=ResponseTime(None if directory is None else shared_response_times(directory)),
                authenticator=Authenticator(settings.api_keys, store),
                webhook_worker=worker,
                started_at=clock(),
            )
            background = asyncio.create_task(worker.run(), name="webhook-worker")
            try:
                yield
            finally:
                background.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await background

    return lifespan
