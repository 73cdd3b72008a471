"""The proofs of the alerts that objectives compile to, as cases for promtool.

Each alert: silent in health, just under its burn rate, without traffic, and when too few events fail to mean
anything; silent when one step of an outage leaves the long window under the threshold; fires within its
promise when everything fails after a long window of health; ends when the short window is over; waits as long
as `for` says; and fires when just enough events fail.
"""

from collections.abc import Iterator

from whatsapp_alerting.catalog import Timing
from whatsapp_alerting.objective import Event, Objective
from whatsapp_alerting.objective_rules import BASE, DIRECT_UP_TO
from whatsapp_alerting.promtool_cases import AFTERWARDS, Check, Checks, case
from whatsapp_alerting.resolution import ResolvedBurnAlert, ResolvedObjective
from whatsapp_alerting.samples import Absent, Constant, Growing, Level, Span, notation

SLOW_STEP = 150
"""Scrapes, seconds, of the cases over many hours: two samples in five minutes."""
PACES = (150, 600)
"""Evaluations, seconds, of the cases over hours and over days."""
_DAY = 86_400
JUST_UNDER = 0.9
"""Share of the threshold at which nothing may fire."""
JUST_ENOUGH = 1.5
"""Events over the least number at which it must fire; they are counted by extrapolation."""


def fast_cases(objective: ResolvedObjective, timing: Timing) -> Iterator[dict[str, object]]:
    """Return the cases of what is evaluated often, and the short ones of what is evaluated slowly."""
    for one in objective.fast_alerts:
        yield from _BurnCases(objective.rules.objective, one, timing, timing.scrape_interval).cases()
    for one in objective.alerts:
        yield from _BurnCases(objective.rules.objective, one, timing, timing.scrape_interval).short_cases()


def slow_cases(objective: ResolvedObjective, timing: Timing, evaluation: int) -> Iterator[dict[str, object]]:
    """Return the cases of what is evaluated slowly, those that are tested at this pace (of PACES)."""
    for one in objective.slow_alerts:
        if _pace(one) == evaluation:
            yield from _BurnCases(objective.rules.objective, one, timing, SLOW_STEP).cases()


def _pace(burn: ResolvedBurnAlert) -> int:
    return PACES[0] if burn.long < _DAY else PACES[1]


class _BurnCases:
    def __init__(self, objective: Objective, burn: ResolvedBurnAlert, timing: Timing, step: int) -> None:
        self._objective = objective
        self._burn = burn
        self._step = step
        self._timing = timing
        self._checks = Checks(burn.alert)
        self._labels = burn.alert.entry.signal.faults[0].labels
        self._threshold = burn.alert.thresholds["error_ratio"]

    def cases(self) -> Iterator[dict[str, object]]:
        rate = self._objective.signal.events_per_second
        minimum = self._burn.alert.thresholds["minimum_events"]
        yield self._silent("healthy", rate, 0.0)
        yield self._silent("just under the burn rate", rate, JUST_UNDER * self._threshold)
        yield self._silent("no traffic", 0.0, 1.0)
        if Event.STATE not in self._objective.signal.series.values():
            yield self._silent("too few events", JUST_UNDER * minimum / self._burn.long, 1.0)
        yield self._fires(rate)

    def short_cases(self) -> Iterator[dict[str, object]]:
        """Return the cases of an outage without a history, at the pace of the fast rules.

        Windows over DIRECT_UP_TO are averages of what there is, so they need not have passed.
        """
        alert, long = self._burn.alert, self._burn.long
        is_state = Event.STATE in self._objective.signal.series.values()
        averaged = 2 * BASE
        direct = long if long <= DIRECT_UP_TO else averaged
        # Of a state there is one event a scrape, so it takes the window until there are enough.
        end = self._on_step((direct if is_state else averaged) + 2 * alert.hold)
        waits = [
            self._checks.firing(end, self._labels),
            self._checks.has_waited(end, self._timing.evaluation_interval),
        ]
        rate = self._objective.signal.events_per_second
        yield self._case("waits as long as it should", [(rate, 1.0, end)], waits)
        if not is_state:
            enough = JUST_ENOUGH * alert.thresholds["minimum_events"] / long
            end = self._on_step(direct + 2 * alert.hold)
            fires = [self._checks.firing(end, self._labels)]
            yield self._case("just enough events", [(enough, 1.0, end)], fires)

    def _silent(self, what: str, rate: float, bad: float) -> dict[str, object]:
        end = self._on_step(self._burn.short + 2 * self._burn.alert.hold + AFTERWARDS)
        checks = [self._checks.never_active(end)]
        return self._case(what, [(rate, bad, end)], checks)

    def _fires(self, rate: float) -> dict[str, object]:
        """A scrape of outage that is too short to mean anything, then health, an outage, and its end."""
        alert, step = self._burn.alert, self._step
        slack = 0 if step == self._timing.scrape_interval else 2 * _pace(self._burn)
        blip = step if step < JUST_UNDER * self._threshold * self._burn.long else 0
        recovery = self._on_step(self._burn.short + alert.hold) + step
        history = max(self._on_step(self._burn.long), step + blip + recovery)
        # What is left of the promise for Prometheus itself, at the pace of this case.
        by = alert.detect_within - self._timing.group_wait - self._timing.scrape_interval
        fires_by = self._on_step(by) + slack
        lasts = fires_by + 2 * step
        quiet = self._on_step(self._burn.short + (alert.entry.keep_firing_for or 0)) + 4 * step + slack
        courses = [
            (rate, 0.0, history - recovery - blip),
            (rate, 1.0, blip),
            (rate, 0.0, recovery),
            (rate, 1.0, lasts),
            (rate, 0.0, quiet + step),
        ]
        checks = [
            self._checks.never_fired(history),
            self._checks.firing(history + fires_by, self._labels),
            self._checks.inactive(history + lasts + quiet),
        ]
        return self._case("every event is bad", [one for one in courses if one[2]], checks)

    def _case(
        self, what: str, courses: list[tuple[float, float, int]], checks: list[Check]
    ) -> dict[str, object]:
        series = {}
        for selector, event in self._objective.signal.series.items():
            spans = [Span(_level(event, rate, bad), length // self._step) for rate, bad, length in courses]
            spans[-1] = Span(spans[-1].level, spans[-1].scrapes + 1)
            series[selector] = notation(spans, self._step)
        return case(f"{self._burn.alert.name}: {what}", self._step, series, checks)

    def _on_step(self, seconds: int) -> int:
        return -(-seconds // self._step) * self._step


def _level(event: Event, rate: float, bad: float) -> Level:
    match event:
        case Event.GOOD:
            return Growing(rate * (1 - bad))
        case Event.BAD:
            return Growing(rate * bad)
        case Event.ALL:
            return Growing(rate)
        case Event.STATE:
            return Absent() if rate == 0 else Constant(1 - bad)
