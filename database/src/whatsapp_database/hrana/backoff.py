"""Pauses between attempts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

_FIRST: Final = 0.05
_LONGEST: Final = 1.0


class Backoff:
    """Pauses that double from 50 ms up to 1 s, shortened at random by up to half so that callers spread."""

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        randomness: Callable[[], float] = random.random,
    ) -> None:
        self._sleep = sleep
        self._randomness = randomness

    async def pause(self, attempt: int) -> None:
        """Wait after the attempt of that number, counted from 1."""
        longest = min(_LONGEST, _FIRST * 2 ** min(attempt - 1, 10))
        await self._sleep(longest * (1 - self._randomness() / 2))
