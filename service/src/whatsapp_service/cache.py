"""The service's cache in Redis. It may be absent: every failure is a miss, never an error of the caller."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from whatsapp_service.json_logging import log_event
from whatsapp_service.settings import Settings

logger = logging.getLogger("whatsapp.cache")

_PREFIX: Final = "whatsapp:cache:"
_STATISTICS: Final = "whatsapp:cache:statistics"
_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """Hits per lookup (0..1, None before the first) and memory in MiB (None: no limit set)."""

    hit_rate: float | None
    used_memory_mb: float
    max_memory_mb: float | None


class CacheUnavailableError(Exception):
    """Redis did not answer."""


class Cache(Protocol):
    """What the API needs of a cache."""

    async def get(self, key: str) -> bytes | None:
        """The stored value; None when absent, expired or the cache is down."""

    async def put(self, key: str, value: bytes) -> None:
        """Store the value for CACHE_TTL seconds."""

    async def delete(self, key: str) -> None:
        """Forget the value."""

    async def status(self) -> CacheStatus:
        """Raises CacheUnavailableError when the cache is down."""

    async def close(self) -> None:
        """Close the connections."""


class RedisCache:
    """Redis; hits and misses are counted in it too, so that all API workers tell one rate."""

    def __init__(self, settings: Settings) -> None:
        password = settings.redis_password
        self._ttl = settings.cache_ttl
        self._redis = Redis.from_url(
            settings.redis_url,
            password=password.get_secret_value() if password else None,
            max_connections=settings.redis_max_connections,
            socket_timeout=settings.redis_timeout,
            socket_connect_timeout=settings.redis_timeout,
        )

    async def get(self, key: str) -> bytes | None:
        try:
            value = await self._redis.get(_PREFIX + key)
            await self._redis.hincrby(_STATISTICS, "misses" if value is None else "hits", 1)
        except (RedisError, OSError) as error:
            log_event(logger, logging.WARNING, "Cache not available", error=type(error).__name__)
            return None
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes) -> None:
        try:
            await self._redis.set(_PREFIX + key, value, ex=self._ttl)
        except (RedisError, OSError) as error:
            log_event(logger, logging.WARNING, "Cache not available", error=type(error).__name__)

    async def delete(self, key: str) -> None:
        try:
            await self._redis.delete(_PREFIX + key)
        except (RedisError, OSError) as error:
            log_event(logger, logging.WARNING, "Cache not available", error=type(error).__name__)

    async def status(self) -> CacheStatus:
        try:
            memory, counted = await asyncio.gather(
                self._redis.info("memory"), self._redis.hmget(_STATISTICS, ["hits", "misses"])
            )
        except (RedisError, OSError) as error:
            raise CacheUnavailableError(type(error).__name__) from error
        hits, misses = (int(value or 0) for value in counted)
        maximum = int(memory.get("maxmemory", 0))
        return CacheStatus(
            hit_rate=round(hits / (hits + misses), 4) if hits + misses else None,
            used_memory_mb=round(int(memory.get("used_memory", 0)) / _MEBIBYTE, 3),
            max_memory_mb=round(maximum / _MEBIBYTE, 3) if maximum else None,
        )

    async def close(self) -> None:
        await self._redis.aclose()
