"""A dead man's switch: beats arrive, and when they stop for too long an alarm is raised."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from whatsapp_world.clock import Clock, iso_utc

DEFAULT_GRACE_SECONDS: Final = 300.0
MIN_GRACE_SECONDS: Final = 1.0
MAX_GRACE_SECONDS: Final = 86_400.0
MAX_ALARMS: Final = 100


class InvalidGraceError(ValueError):
    """A grace that cannot be set; the text says why."""


@dataclass(frozen=True)
class Alarm:
    """A time without beats: when the grace was over, and when a beat came again (None: none has)."""

    raised_at: datetime
    ended_at: datetime | None = None

    def document(self) -> dict[str, object]:
        """Return the alarm as ``/_lab/heartbeat`` shows it."""
        ended_at = None if self.ended_at is None else iso_utc(self.ended_at)
        return {"raised_at": iso_utc(self.raised_at), "ended_at": ended_at}


class DeadMansSwitch:
    """Raise an alarm once beats have come and then none for the grace; end it when one comes again.

    There is no timer: whoever beats, asks or changes the grace finds out what has become due since, with the
    moment at which it did. Elapsed time is monotonic, so that a clock that is set raises nothing.
    """

    def __init__(self, clock: Clock, grace_seconds: float = DEFAULT_GRACE_SECONDS) -> None:
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._last_beat: float | None = None
        # Monotonic moment at which an alarm is due; None while nobody has beaten, or it is raised.
        self._due: float | None = None
        self._alarms: deque[Alarm] = deque(maxlen=MAX_ALARMS)

    @property
    def grace_seconds(self) -> float:
        """How long beats may stay away."""
        return self._grace_seconds

    def beat(self) -> None:
        """Note a beat: it ends an alarm and starts the grace anew."""
        self._settle()
        if self._alarms and self._alarms[-1].ended_at is None:
            self._alarms[-1] = Alarm(self._alarms[-1].raised_at, self._clock.now())
        self._last_beat = self._clock.monotonic()
        self._due = self._last_beat + self._grace_seconds

    def change_grace(self, seconds: float) -> None:
        """Measure the silence that goes on by another grace from now on.

        A shorter one that is over already raises the alarm now, not in the past; a raised alarm stays.
        """
        self._settle()
        self._grace_seconds = seconds
        if self._due is not None and self._last_beat is not None:
            self._due = max(self._last_beat + seconds, self._clock.monotonic())

    def alarms(self) -> list[Alarm]:
        """Return the newest alarms, newest last."""
        self._settle()
        return list(self._alarms)

    def clear(self) -> None:
        """Forget beats and alarms: the next alarm needs a beat first."""
        self._last_beat = self._due = None
        self._alarms.clear()

    def _settle(self) -> None:
        overdue = None if self._due is None else self._clock.monotonic() - self._due
        if overdue is not None and overdue >= 0:
            self._alarms.append(Alarm(self._clock.now() - timedelta(seconds=overdue)))
            self._due = None


def parse_grace(document: Mapping[str, object]) -> float:
    """Return the grace (seconds) that ``{"grace_seconds": 60}`` names; raise InvalidGraceError otherwise."""
    unknown = sorted(set(document) - {"grace_seconds"})
    if unknown:
        raise InvalidGraceError(f"unknown field {unknown[0][:40]!r}")
    value = document.get("grace_seconds")
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not MIN_GRACE_SECONDS <= value <= MAX_GRACE_SECONDS
    ):
        raise InvalidGraceError(
            f"grace_seconds must be a number from {MIN_GRACE_SECONDS:g} to {MAX_GRACE_SECONDS:g}"
        )
    return float(value)


def grace_seconds(text: str) -> float:
    """Parse the option; for argparse, so ValueError when it is no grace."""
    return parse_grace({"grace_seconds": float(text)})
