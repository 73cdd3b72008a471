"""A fault that can be caused on the lab and healed again, and the pages that it must bring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from whatsapp_alerting.alert import Channel

from lab.running import Lab

Act = Callable[[Lab], None]
Cause = Callable[[Lab], dt.datetime | None]
"""Returns the moment from which on the fault can be seen, when that is not the moment it returns."""


@dataclass(frozen=True)
class Page:
    """A page that a fault must bring, and what of its way is not the alerting's.

    `source_seconds` is how long the service or the exporter takes by clocks of their own, which the compiler
    does not compress, until the condition holds (a heartbeat, a time-out, a threshold in seconds); it is part
    of the promise in real time. `share` is the share of bad events that the fault causes, where an
    objective's promise is for all of them.
    """

    alert: str
    source_seconds: float = 0
    share: float = 1.0
    without: frozenset[Channel] = frozenset()
    """Channels that the fault itself breaks."""


@dataclass(frozen=True)
class Fault:
    """Something that is broken on purpose. `heal` must work whatever `cause` came to."""

    name: str
    pages: tuple[Page, ...]
    cause: Cause
    heal: Act
    clears_seconds: float = 0
    """How long the condition still holds after the fault, compressed windows and the service's own clocks."""

    def __str__(self) -> str:
        return self.name
