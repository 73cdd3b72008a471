"""The mean response time of the last minutes, the same whichever worker is asked."""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from whatsapp_service.json_logging import log_event

logger = logging.getLogger("whatsapp.api")

_WINDOW: Final = timedelta(minutes=5)
_SPACING: Final = timedelta(seconds=5)
"""Samples are at least so far apart, so that few are kept."""

_Sample: TypeAlias = tuple[float, float, float]
"""Unix time, seconds spent on requests until then, requests until then."""


class ResponseTime:
    """A mean over about five minutes, from samples of the growing totals of all workers.

    The samples are in a file that the workers share, which must not outlive the totals; without a file (one
    worker) they are in memory.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self._shared = shared
        self._own: list[_Sample] = []

    def observe(self, now: datetime, totals: tuple[float, float]) -> float:
        """Take a sample and return the mean in milliseconds; 0 when nothing was asked meanwhile."""
        moment = now.timestamp()
        try:
            with self._samples() as samples:
                base = _advance(samples, (moment, *totals))
        except OSError as error:
            log_event(logger, logging.WARNING, "Response times not shared", error=type(error).__name__)
            base = _advance(self._own, (moment, *totals))
        seconds, count = totals[0] - base[1], totals[1] - base[2]
        return round(1000 * seconds / count, 3) if count > 0 else 0.0

    @contextmanager
    def _samples(self) -> Iterator[list[_Sample]]:
        """The samples, which are kept as they are left."""
        if self._shared is None:
            yield self._own
            return
        with self._shared.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            before = _parse(file.read())
            after = before.copy()
            yield after
            if after != before:
                file.truncate(0)
                file.write(json.dumps(after))


def _advance(samples: list[_Sample], newest: _Sample) -> _Sample:
    """Forget what is too old, keep the newest, and return the sample from which the mean counts."""
    if not samples:  # the first minutes count from the start
        samples.append((newest[0], 0.0, 0.0))
    while len(samples) > 1 and samples[1][0] <= newest[0] - _WINDOW.total_seconds():
        samples.pop(0)
    base = samples[0]
    if newest[0] - samples[-1][0] >= _SPACING.total_seconds():
        samples.append(newest)
    return base


def _parse(text: str) -> list[_Sample]:
    """The stored samples; what cannot be read (a process ended while it wrote) counts as none."""
    try:
        return [(float(moment), float(seconds), float(count)) for moment, seconds, count in json.loads(text)]
    except (ValueError, TypeError):
        return []
