"""WHATSAPP_RATE_LIMIT_PER_MINUTE: never more than so many sends in any 60 seconds."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

WINDOW_SECONDS: Final = 60.0


class RateLimiter:
    """A sliding window; unlike a bucket it lets no double burst through after an idle time."""

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._limit = per_minute
        self._clock = clock
        self._sleep = sleep
        self._sends: deque[float] = deque()

    async def acquire(self) -> None:
        """Wait until one more send is allowed, and count it."""
        while self.remaining == 0:
            await self._sleep(max(self._sends[0] + WINDOW_SECONDS - self._clock(), 0.001))
        self._sends.append(self._clock())

    @property
    def remaining(self) -> int:
        """Sends that are allowed now."""
        oldest_counted = self._clock() - WINDOW_SECONDS
        while self._sends and self._sends[0] <= oldest_counted:
            self._sends.popleft()
        return self._limit - len(self._sends)

    @property
    def reset_seconds(self) -> int:
        """Seconds until the oldest counted send leaves the window; 0 when none is counted."""
        if self.remaining == self._limit:
            return 0
        return math.ceil(self._sends[0] + WINDOW_SECONDS - self._clock())
