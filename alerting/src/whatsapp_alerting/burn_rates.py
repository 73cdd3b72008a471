"""The arithmetic of burn rates (SRE Workbook, chapter 5, "Alerting on SLOs").

A burn rate of 1 uses up the error budget exactly in the objective's period; an alert that fires when `budget`
of it went within `long` fires at a burn rate of `budget * period / long`.
"""

import math
from dataclasses import dataclass

PAGE_MINIMUM = 1.0
"""Error ratio that no service exceeds: a burn rate above it cannot fire."""


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """One of the alerts of an objective. Windows are seconds; `budget` is the share that goes in `long`."""

    budget: float
    long: int
    short: int
    pages: bool

    def factor(self, period: int) -> float:
        """Return the burn rate at which it fires."""
        return self.budget * period / self.long

    def error_ratio(self, target: float, period: int) -> float:
        """Return the share of bad events above which it fires; `target` is that of good ones (0 to 1)."""
        return self.factor(period) * (1 - target)

    def can_fire(self, target: float, period: int) -> bool:
        """Say whether a total outage exceeds the threshold."""
        return self.error_ratio(target, period) < PAGE_MINIMUM

    def detection(self, target: float, period: int, error_ratio: float = 1.0) -> int:
        """Return the seconds of a fault with that share of bad events until the long window notices."""
        return math.ceil(self.error_ratio(target, period) / error_ratio * self.long)

    def minimum_events(self, target: float, period: int, failures: int) -> int:
        """Return the events in the long window below which fewer than `failures` bad ones would fire it."""
        return math.ceil(failures / self.error_ratio(target, period))


WORKBOOK: tuple[BurnWindow, ...] = (
    BurnWindow(budget=0.02, long=3_600, short=300, pages=True),
    BurnWindow(budget=0.05, long=21_600, short=1_800, pages=True),
    BurnWindow(budget=0.10, long=86_400, short=7_200, pages=False),
    BurnWindow(budget=0.10, long=259_200, short=21_600, pages=False),
)
"""Fast and slow pages, fast and slow tickets, for a period of 30 days."""

BLIND_BELOW = 0.99
"""Targets below need a companion: a total outage takes the fast page minutes (95 %: 43) to notice."""
