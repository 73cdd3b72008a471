"""Throughput limits: one bucket for the sender's number, one for each pair of sender and recipient."""

from collections import OrderedDict

from whatsapp_world.clock import Clock

MESSAGES_PER_SECOND = 80.0
PAIR_SECONDS_PER_MESSAGE = 6.0
PAIR_BURST = 45
MAX_PAIRS = 20_000


class TokenBucket:
    """``capacity`` tokens, refilled at ``rate`` a second."""

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


class PairLimit:
    """One message in six seconds to a recipient, after a burst of 45; keeps the most recent recipients."""

    def __init__(self, clock: Clock, *, burst: int = PAIR_BURST, max_pairs: int = MAX_PAIRS) -> None:
        self._clock = clock
        self._burst = burst
        self._max_pairs = max_pairs
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, recipient: str) -> bool:
        """Take one of the recipient's tokens; return False when there is none."""
        bucket = self._buckets.get(recipient)
        if bucket is None:
            bucket = TokenBucket(1 / PAIR_SECONDS_PER_MESSAGE, self._burst, self._clock)
            self._buckets[recipient] = bucket
            if len(self._buckets) > self._max_pairs:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(recipient)
        return bucket.take()
