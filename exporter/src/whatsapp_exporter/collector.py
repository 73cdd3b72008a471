"""What a collector is."""

from collections.abc import Sequence
from typing import Protocol

from prometheus_client.core import Metric


class CollectionError(Exception):
    """A collector could not (wholly) do its work.

    `families` holds what is known all the same and is shown in the scrape. The text is logged and shown
    on the landing page: it holds no address of a person, no token, no value that the source sent.
    """

    def __init__(self, message: str, families: Sequence[Metric] = ()) -> None:
        super().__init__(message)
        self.families = tuple(families)


class Collector(Protocol):
    """One source of metrics. A collector holds no state between runs that would make a scrape differ."""

    @property
    def name(self) -> str:
        """The value of the label `collector`."""

    async def collect(self) -> Sequence[Metric]:
        """Ask the source and build the families. Raises CollectionError.

        It may be cancelled at any await when its timeout is over.
        """

    def without_answer(self) -> Sequence[Metric]:
        """Families shown when `collect` did not end in time (e.g. that the target is not up)."""

    async def close(self) -> None:
        """Release connections. Called once, at the exporter's end."""
