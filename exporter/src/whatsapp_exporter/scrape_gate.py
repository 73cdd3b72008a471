"""How many scrapes may run at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager


class TooManyScrapesError(Exception):
    """As many scrapes as may are running."""


class ScrapeGate:
    """Counts the scrapes that run and those that were turned away."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.rejected = 0

    @contextmanager
    def passing(self, limit: int) -> Iterator[None]:
        """Hold a place while the block runs. Raises TooManyScrapesError when `limit` are running."""
        if self.in_flight >= limit:
            self.rejected += 1
            raise TooManyScrapesError
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
