"""At most so many reads in any hour, also when the exporter is started again and again."""

import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from whatsapp_exporter.collectors.graph.config import HOUR
from whatsapp_exporter.collectors.graph.errors import BudgetSpentError

logger = logging.getLogger(__name__)

MAX_FILE_BYTES = 100_000
MAX_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class _Read:
    monotonic: float
    wall: float


class ReadBudget:
    """Counts reads by the monotonic clock.

    `file` keeps their times (Unix time) between starts; None: they are forgotten with the process. A file
    that cannot be read or written costs the memory between starts, nothing else.
    """

    def __init__(
        self,
        limit: int,
        *,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        file: Path | None,
    ) -> None:
        self.limit = limit
        self._monotonic = monotonic
        self._wall = wall
        self._file = file
        self._reads: deque[_Read] | None = None
        self._told = False

    @property
    def used(self) -> int:
        """Reads in the last hour."""
        return len(self._recent())

    def take(self) -> None:
        """Count a read that is about to be made. Raises BudgetSpentError when there must be none now."""
        reads = self._recent()
        if len(reads) >= self.limit:
            # The read that has to be an hour old before there is room, should the limit have been lowered.
            decisive = reads[len(reads) - self.limit]
            raise BudgetSpentError(min(HOUR, decisive.monotonic + HOUR - self._monotonic()))
        reads.append(_Read(self._monotonic(), self._wall()))
        self._save(reads)

    def _recent(self) -> deque[_Read]:
        if self._reads is None:
            self._reads = deque(self._load())
        now = self._monotonic()
        while self._reads and now - self._reads[0].monotonic >= HOUR:
            self._reads.popleft()
        return self._reads

    def _load(self) -> list[_Read]:
        """Return the reads of earlier starts; one with a time to come counts as made just now."""
        if self._file is None or not self._file.exists():
            return []
        monotonic, wall = self._monotonic(), self._wall()
        try:
            with self._file.open("rb") as file:
                content = json.loads(file.read(MAX_FILE_BYTES))
            ages = [max(0.0, wall - float(moment)) for moment in content[-MAX_REMEMBERED:]]
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            self._tell("read", error)
            return []
        return [_Read(monotonic - age, wall - age) for age in sorted(ages, reverse=True) if age < HOUR]

    def _save(self, reads: deque[_Read]) -> None:
        if self._file is None:
            return
        temporary = self._file.with_name(f"{self._file.name}.new")
        try:
            temporary.write_text(json.dumps([round(read.wall, 3) for read in reads]), encoding="ascii")
            temporary.replace(self._file)
        except OSError as error:
            self._tell("written", error)

    def _tell(self, what: str, error: Exception) -> None:
        if not self._told:
            self._told = True
            logger.warning("%s cannot be %s: %s", self._file, what, type(error).__name__)
