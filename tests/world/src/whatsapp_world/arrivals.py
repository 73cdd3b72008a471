"""Bounded memory of what arrived, read back by ``/_lab/`` endpoints."""

from collections import deque
from collections.abc import Mapping
from itertools import islice

from starlette.requests import Request

CAPACITY = 5_000
DEFAULT_LIMIT = 100


class Arrivals:
    """Keep the newest ``capacity`` records; count all of them since the last clear."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self._records: deque[Mapping[str, object]] = deque(maxlen=capacity)
        self._total = 0

    @property
    def total(self) -> int:
        """Number of records since the start or the last clear, kept or not."""
        return self._total

    def append(self, record: Mapping[str, object]) -> None:
        """Remember a record, forgetting the oldest when full."""
        self._records.append(record)
        self._total += 1

    def clear(self) -> None:
        """Forget everything and count from zero."""
        self._records.clear()
        self._total = 0

    def page(self, limit: int) -> dict[str, object]:
        """Return ``{"items": [...], "total": n}``: the newest ``limit`` records, newest last."""
        first = max(0, len(self._records) - limit)
        return {
            "items": [dict(record) for record in islice(self._records, first, None)],
            "total": self._total,
        }


def requested_limit(request: Request) -> int:
    """Read ``?limit=``, 1 to 5,000 (100 when absent or not a number)."""
    text = request.query_params.get("limit", "")
    return min(max(int(text), 1), CAPACITY) if text.isdecimal() and len(text) <= 6 else DEFAULT_LIMIT
