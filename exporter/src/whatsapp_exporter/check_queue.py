"""Who may wait for a password check, so that a flood of wrong passwords cannot pile up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MAX_CHECKS = 16
MAX_CHECKS_OF_A_CLIENT = 4


class QueueFullError(Exception):
    """Too many checks are waiting, of this client or of all."""


class CheckQueue:
    """One check runs at a time: bcrypt keeps a processor busy for tens of milliseconds, as it is meant to.

    A bounded number waits, of one client fewer, so that a client that guesses leaves room for the others.
    """

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._places: Counter[str] = Counter()

    def enter(self, client: str) -> None:
        """Take a place, to be given back by `turn`. Raises QueueFullError."""
        if self._places.total() >= MAX_CHECKS or self._places[client] >= MAX_CHECKS_OF_A_CLIENT:
            raise QueueFullError
        self._places[client] += 1

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Run the block when its turn has come, and give the place back."""
        try:
            async with self._one:
                yield
        finally:
            self._places[client] -= 1
            if not self._places[client]:
                del self._places[client]
