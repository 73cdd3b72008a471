"""Throughput limits: one bucket for the sender's number, one for each pair of sender and recipient."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from whatsapp_world.clock import Clock

MESSAGES_PER_SECOND: Final = 80.0
HIGH_MESSAGES_PER_SECOND: Final = 1_000.0
PAIR_SECONDS_PER_MESSAGE: Final = 6.0
PAIR_BURST: Final = 45
MAX_PAIRS: Final = 20_000


@dataclass(frozen=True, slots=True)
class SendLimits:
    """Meta's limits on sending; ``messages_per_second`` or ``pair_seconds`` 0 lifts that limit."""

    messages_per_second: float = MESSAGES_PER_SECOND
    pair_seconds: float = PAIR_SECONDS_PER_MESSAGE
    pair_burst: int = PAIR_BURST


class TokenBucket:
    """``capacity`` tokens, refilled at ``rate`` a second."""

    __slots__ = ("_capacity", "_clock", "_filled_at", "_rate", "_tokens")

    def __init__(self, rate: float, capacity: float, clock: Clock) -> None:
        self._rate = rate
        self._capacity = capacity
        self._clock = clock
        self._tokens = capacity
        self._filled_at = clock.monotonic()

    def take(self) -> bool:
        """Take a token; return False, taking none, when the bucket is empty."""
        now = self._clock.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class SendThrottle:
    """The limits in force: messages a second of the number, and of each pair after a burst.

    Only the buckets of the most recent recipients are kept.
    """

    def __init__(self, limits: SendLimits, clock: Clock, *, max_pairs: int = MAX_PAIRS) -> None:
        self._clock = clock
        self._max_pairs = max_pairs
        self.change(limits)

    def change(self, limits: SendLimits) -> None:
        """Put other limits in force, with full buckets."""
        self.limits = limits
        rate = limits.messages_per_second
        # At least one token, or a slow rate would never let a message through.
        self._number = TokenBucket(rate, max(rate, 1.0), self._clock) if rate > 0 else None
        self._pairs: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self) -> bool:
        """Take one of the number's tokens; return False when there is none."""
        return self._number is None or self._number.take()

    def take_pair(self, recipient: str) -> bool:
        """Take one of the recipient's tokens; return False when there is none."""
        if self.limits.pair_seconds <= 0:
            return True
        bucket = self._pairs.get(recipient)
        if bucket is None:
            bucket = TokenBucket(1 / self.limits.pair_seconds, self.limits.pair_burst, self._clock)
            self._pairs[recipient] = bucket
            if len(self._pairs) > self._max_pairs:
                self._pairs.popitem(last=False)
        else:
            self._pairs.move_to_end(recipient)
        return bucket.take()
