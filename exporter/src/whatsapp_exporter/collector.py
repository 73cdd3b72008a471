"""What a collector is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from whatsapp_exporter.family import AnyFamily


class CollectionError(Exception):
    """A collector could not (wholly) do its work.

    `families` holds what is known all the same and is shown in the scrape. The text is logged and shown
    on the landing page: it holds no address of a person, no token, no value that the source sent.
    """

    def __init__(self, message: str, families: Sequence[AnyFamily] = ()) -> None:
        super().__init__(message)
        self.families = tuple(families)


class Collector(Protocol):
    """One source of metrics."""

    @property
    def name(self) -> str:
        """The value of the label `collector`."""

    async def collect(self) -> Sequence[AnyFamily]:
        """Ask the source and build the families. Raises CollectionError.

        It may be cancelled at any await when its timeout is over. Runs of one collector never overlap.
        """

    def without_answer(self) -> Sequence[AnyFamily]:
        """Families shown when `collect` did not end in time (e.g. that the target is not up)."""

    async def close(self) -> None:
        """Release connections. Called once, after the last run."""


@dataclass(frozen=True, slots=True)
class CollectorSurroundings:
    """What a collector is given besides its section of the configuration.

    `target` names the service that is looked at (`""`: that of `/metrics`). In `state_directory` it may keep
    files between starts, with the target in their names; None: nothing is kept. `wall` is Unix time in
    seconds, `monotonic` counts seconds from anywhere.
    """

    target: str
    state_directory: Path | None
    wall: Callable[[], float]
    monotonic: Callable[[], float]
