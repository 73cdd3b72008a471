"""What clients see when the API itself fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
from libsql_client import Client
from starlette.types import ASGIApp
from whatsapp_service.api.application import create_app
from whatsapp_service.cache import CacheStatus
from whatsapp_service.settings import Settings

Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]


class _BrokenCache:
    """Hangs or raises where a cache would answer."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def get(self, _key: str) -> bytes | None:
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()
        return None

    async def put(self, key: str, value: bytes) -> None:
        raise NotImplementedError

    async def delete(self, key: str) -> None:
        raise NotImplementedError

    async def status(self) -> CacheStatus:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


async def _templates(
    settings: Settings, database: Client, serve: Serve, cache: _BrokenCache
) -> httpx.Response:
    app = create_app(settings, database=database, cache=cache)
    async with serve(app) as url, httpx.AsyncClient(base_url=url, timeout=10) as client:
        return await client.get("/api/notifications/templates", headers={"X-API-Key": "all"})


async def test_unexpected_errors_show_nothing_but_the_request_id(
    settings: Settings, database: Client, serve: Serve
) -> None:
    response = await _templates(settings, database, serve, _BrokenCache(KeyError("internal detail")))
    assert response.status_code == 500
    error = response.json()["error"]
    assert (error["code"], error["request_id"]) == ("internal_error", response.headers["x-request-id"])
    assert "internal detail" not in response.text


async def test_slow_requests_end_after_the_time_limit(
    settings: Settings, database: Client, serve: Serve
) -> None:
    impatient = settings.model_copy(update={"request_timeout": 0.2})
    response = await _templates(impatient, database, serve, _BrokenCache(None))
    assert (response.status_code, response.json()["error"]["code"]) == (504, "timeout")
