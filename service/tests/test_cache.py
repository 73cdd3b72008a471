"""The cache: what it counts, and that a Redis that fails, hangs or is not wanted costs nobody anything."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit

import pytest
from whatsapp_service.cache import CacheUnavailableError, NoCache, RedisCache, open_cache
from whatsapp_service.settings import Settings


async def test_cache_counts_hits_and_misses(settings: Settings, redis_url: str) -> None:
    cache = RedisCache(settings, redis_url)
    assert await cache.get("a") is None
    await cache.put("a", b"1")
    assert [await cache.get("a") for _ in range(3)] == [b"1"] * 3
    assert (await cache.status()).hit_rate == 0.75
    await cache.delete("a")
    assert await cache.get("a") is None
    await cache.close()


async def test_no_redis_is_no_cache(settings: Settings) -> None:
    cache = open_cache(settings.model_copy(update={"redis_url": None}))
    assert isinstance(cache, NoCache)
    await cache.put("a", b"1")
    assert await cache.get("a") is None
    status = await cache.status()
    assert (status.enabled, status.hit_rate, status.used_memory_mb) == (False, None, None)
    await cache.close()


async def test_redis_that_hangs_costs_its_timeout_once(settings: Settings) -> None:
    ended = asyncio.Event()
    asked = 0

    async def never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        cache = RedisCache(settings, url)  # REDIS_TIMEOUT is 1 s
        started = time.monotonic()
        for _ in range(50):
            assert await cache.get("a") is None
            await cache.put("a", b"1")
            await cache.delete("a")
        assert time.monotonic() - started < 3
        assert asked == 1
        with pytest.raises(CacheUnavailableError, match="moments ago"):
            await cache.status()
        await cache.close()
        ended.set()


async def test_redis_that_comes_back_is_found_by_a_trial_beside_the_requests(
    settings: Settings, redis_url: str
) -> None:
    now = 0.0
    port = urlsplit(redis_url).port
    refusing = True

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if refusing:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        cache = RedisCache(settings, url, monotonic=lambda: now)
        await cache.put("a", b"1")
        refusing = False
        await cache.put("a", b"1")
        assert await cache.get("a") is None  # it rests
        now = 6.0
        assert await cache.get("a") is None  # the trial begins, nobody waits for it
        async with asyncio.timeout(10):
            while await cache.get("a") is None:
                await cache.put("a", b"1")
                await asyncio.sleep(0)
        assert (await cache.status()).enabled
        await cache.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(4096):
        writer.write(chunk)
        await writer.drain()
    writer.close()
