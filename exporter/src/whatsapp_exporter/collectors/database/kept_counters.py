"""Counters that never go back, kept in a file from one start of the exporter to the next."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from whatsapp_exporter.collectors.database.counter_file import CounterFile, CounterFileError
from whatsapp_exporter.collectors.database.monotonic import MonotonicCounters
from whatsapp_exporter.family import AnyFamily

logger = logging.getLogger(__name__)


class KeptCounters:
    """Applies MonotonicCounters to each run's families. `directory` None: nothing outlives the process."""

    def __init__(self, directory: Path | None, target: str) -> None:
        self._file = None if directory is None else CounterFile(directory, target)
        self._counters: MonotonicCounters | None = None
        self._writes = 0
        self._unwritten = False
        self._problem: str | None = None

    async def apply(self, families: Sequence[AnyFamily]) -> list[AnyFamily]:
        """Return the families to show, after what they need to go on from is in the file.

        When the file cannot be written they are shown all the same, and a warning is logged once.
        """
        counters = self._counters
        if counters is None:
            counters = self._counters = await self._begin()
        shown = counters.apply(families)
        if counters.fallen:
            logger.warning(
                "%d counters of the database fell, as after a restore: they go on from where they were",
                counters.fallen,
            )
        if counters.changed or self._unwritten:
            await self._write(counters)
        return shown

    async def close(self) -> None:
        """Leave the file to others."""
        if self._file is not None:
            await asyncio.to_thread(self._file.close)

    async def _begin(self) -> MonotonicCounters:
        if self._file is None:
            return MonotonicCounters()
        try:
            return MonotonicCounters(await asyncio.to_thread(self._file.read))
        except CounterFileError as error:
            logger.warning("counters begin as the database has them: %s: %s", self._file.path.name, error)
            return MonotonicCounters()

    async def _write(self, counters: MonotonicCounters) -> None:
        if self._file is None:
            return
        self._writes += 1
        self._unwritten = True  # also when this run is cancelled meanwhile
        try:
            await asyncio.to_thread(self._file.write, counters.entries(), self._writes)
        except CounterFileError as error:
            if str(error) != self._problem:
                logger.warning("counters are not kept: %s: %s", self._file.path.name, error)
            self._problem = str(error)
            return
        if self._problem is not None:
            logger.info("counters are kept again: %s", self._file.path.name)
        self._problem, self._unwritten = None, False
