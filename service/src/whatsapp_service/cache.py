"""The service's cache in Redis. It may be absent: every failure is a miss, never an error of the caller."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from whatsapp_service.json_logging import log_event
from whatsapp_service.settings import Settings

logger = logging.getLogger("whatsapp.cache")

_PREFIX: Final = "whatsapp:cache:"
_STATISTICS: Final = "whatsapp:cache:statistics"
_MEBIBYTE: Final = 1024 * 1024
_REST_SECONDS: Final = 5.0
"""How long a Redis that failed is not asked; then it is tried beside the requests, not by one of them."""
_STATUS_SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """Hits per lookup (0..1, None before the first) and memory in MiB (`max_memory_mb` None: no limit set).

    A cache that is not `enabled` has no figures.
    """

    enabled: bool
    hit_rate: float | None = None
    used_memory_mb: float | None = None
    max_memory_mb: float | None = None


class CacheUnavailableError(Exception):
    """Redis does not answer."""


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


def open_cache(settings: Settings) -> Cache:
    """The cache that REDIS_URL names; none when it is empty."""
    return NoCache() if settings.redis_url is None else RedisCache(settings, settings.redis_url)


class NoCache:
    """The cache of a service that has none: nothing is kept."""

    async def get(self, key: str) -> bytes | None:
        return None

    async def put(self, key: str, value: bytes) -> None:
        pass

    async def delete(self, key: str) -> None:
        pass

    async def status(self) -> CacheStatus:
        return CacheStatus(enabled=False)

    async def close(self) -> None:
        pass


class RedisCache:
    """Redis; hits and misses are counted in it too, so that all API workers tell one rate.

    After a failure it rests: for some seconds everything is a miss at once, then a background task asks Redis
    whether it answers again. So a Redis that hangs costs REDIS_TIMEOUT once and not at every request.
    """

    def __init__(
        self, settings: Settings, url: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        password = settings.redis_password
        self._ttl = settings.cache_ttl
        self._monotonic = monotonic
        self._resting_until: float | None = None
        self._trial: asyncio.Task[None] | None = None
        self._redis = Redis.from_url(
            url,
            password=password.get_secret_value() if password else None,
            max_connections=settings.redis_max_connections,
            socket_timeout=settings.redis_timeout,
            socket_connect_timeout=settings.redis_timeout,
            # Once more, for a kept connection that Redis has closed meanwhile; never after a timeout.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )

    async def get(self, key: str) -> bytes | None:
        if self._rests():
            return None
        try:
            value = await self._redis.get(_PREFIX + key)
            await self._redis.hincrby(_STATISTICS, "misses" if value is None else "hits", 1)
        except (RedisError, OSError) as error:
            self._failed(error)
            return None
        return value if isinstance(value, bytes) else None

    async def put(self, key: str, value: bytes) -> None:
        if self._rests():
            return
        try:
            await self._redis.set(_PREFIX + key, value, ex=self._ttl)
        except (RedisError, OSError) as error:
            self._failed(error)

    async def delete(self, key: str) -> None:
        if self._rests():
            return
        try:
            await self._redis.delete(_PREFIX + key)
        except (RedisError, OSError) as error:
            self._failed(error)

    async def status(self) -> CacheStatus:
        if self._rests():
            raise CacheUnavailableError("it failed moments ago")
        try:
            async with asyncio.timeout(_STATUS_SECONDS):
                memory, counted = await asyncio.gather(
                    self._redis.info("memory"), self._redis.hmget(_STATISTICS, ["hits", "misses"])
                )
        except (RedisError, OSError) as error:
            self._failed(error)
            raise CacheUnavailableError(type(error).__name__) from error
        hits, misses = (int(value or 0) for value in counted)
        maximum = int(memory.get("maxmemory", 0))
        return CacheStatus(
            enabled=True,
            hit_rate=round(hits / (hits + misses), 4) if hits + misses else None,
            used_memory_mb=round(int(memory.get("used_memory", 0)) / _MEBIBYTE, 3),
            max_memory_mb=round(maximum / _MEBIBYTE, 3) if maximum else None,
        )

    async def close(self) -> None:
        if self._trial is not None:
            self._trial.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._trial
        await self._redis.aclose()

    def _failed(self, error: Exception) -> None:
        if self._resting_until is None:
            log_event(logger, logging.WARNING, "Cache not available", error=type(error).__name__)
        self._resting_until = self._monotonic() + _REST_SECONDS

    def _rests(self) -> bool:
        """Whether Redis is not to be asked now; starts the trial when its time has come."""
        if self._resting_until is None:
            return False
        if self._monotonic() >= self._resting_until and (self._trial is None or self._trial.done()):
            self._trial = asyncio.create_task(self._try(), name="cache-trial")
        return True

    async def _try(self) -> None:
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            self._failed(error)
        else:
            self._resting_until = None
            log_event(logger, logging.INFO, "Cache available again")
