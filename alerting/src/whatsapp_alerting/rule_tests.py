"""The proofs of the written alerts (see proofs), as cases for promtool, from each entry's signal."""

from collections.abc import Iterator, Mapping

from whatsapp_alerting.alert import Fault, SeriesValues
from whatsapp_alerting.catalog import Timing
from whatsapp_alerting.objective_tests import PACES, fast_cases, slow_cases
from whatsapp_alerting.promql import read
from whatsapp_alerting.promtool_cases import AFTERWARDS, Check, Checks, case, cases_file
from whatsapp_alerting.proofs import APPLIES, Proof
from whatsapp_alerting.resolution import Installation, ResolvedAlert
from whatsapp_alerting.samples import Absent, Constant, Growing, Level, Span, notation, parse_level

FAULT_AT = 180
"""Least seconds of health before the fault."""
LOST_SCRAPES = 2
LONG = 2 * 3600
"""Seconds after which an escalation is proved at the pace of slow rules: promtool takes long over days."""


def rule_test_files(installation: Installation) -> dict[str, str]:
    """Return path -> test file: one for each rule file, and one for what it evaluates slowly."""
    files = {}
    timing = installation.timing
    for area in installation.areas:
        rules = f"../../rules/{area.name}.rules.yml"
        written = [alert_cases(alert, timing) for alert in area.own_alerts]
        cases = [one for paces in written for one in paces[timing.evaluation_interval]]
        cases += [one for objective in area.objectives for one in fast_cases(objective, timing)]
        files[f"tests/rules/{area.name}.test.yml"] = cases_file(rules, timing.evaluation_interval, cases)
        for evaluation in PACES:
            slow = [one for paces in written for one in paces.get(evaluation, [])]
            slow += [
                one for objective in area.objectives for one in slow_cases(objective, timing, evaluation)
            ]
            if slow:
                path = f"tests/rules/{area.name}-{evaluation}s.test.yml"
                files[path] = cases_file(rules, evaluation, slow)
    return files


def alert_cases(alert: ResolvedAlert, timing: Timing) -> dict[int, list[dict[str, object]]]:
    """Return the cases of one alert by the seconds between the evaluations at which they are run."""
    usual = timing.evaluation_interval
    paces = {usual: list(_AlertCases(alert, timing, usual).cases())}
    after = alert.entry.escalate_after
    if after is not None and Proof.ESCALATES in APPLIES[alert.entry.kind]:
        pace = PACES[0] if after > LONG else usual
        paces.setdefault(pace, []).append(_AlertCases(alert, timing, pace).escalates(after))
    return paces


class _AlertCases:
    def __init__(self, alert: ResolvedAlert, timing: Timing, evaluation: int) -> None:
        self._alert = alert
        self._scrape = timing.scrape_interval
        self._evaluation = evaluation
        self._slack = 0 if evaluation == timing.evaluation_interval else 2 * evaluation
        self._checks = Checks(alert)
        self._group_wait = timing.group_wait
        reads = read(alert.condition)
        self._smoothing = max(reads.smoothing, default=0)
        self._fault_at = self._on_scrape(max(FAULT_AT, *reads.ranges, 0) + self._scrape - 1)
        signal = alert.entry.signal
        self._healthy = {series: self._level(text) for series, text in signal.healthy.items()}

    def cases(self) -> Iterator[dict[str, object]]:
        """Return what applies to the alert's kind, without its escalation."""
        signal = self._alert.entry.signal
        proofs = APPLIES[self._alert.entry.kind]
        if Proof.HEALTHY in proofs:
            yield self._silent("healthy", {})
        # What is just not a fault is tested wherever an entry gives it; thresholds must (see lint).
        for number, values in enumerate(signal.boundary, start=1):
            yield self._silent(f"on the boundary ({number})", self._levels(values))
        if Proof.NO_TRAFFIC in proofs:
            yield from self._no_traffic()
        for fault in signal.faults:
            yield self._fires(fault)
            if Proof.RESETS in proofs:
                yield self._ends(fault)
            if Proof.BLIP in proofs:
                yield self._blip(fault)
            if Proof.LOST_SCRAPES in proofs and not all(name.startswith("up{") for name in fault.series):
                yield self._lost_scrapes(fault)

    def _silent(self, what: str, changes: Mapping[str, Level]) -> dict[str, object]:
        end = self._fault_at + self._alert.detect_within + AFTERWARDS
        levels = {**self._healthy, **changes}
        series = {name: self._notation([(level, end)]) for name, level in levels.items()}
        return self._case(what, series, [self._checks.never_active(end)])

    def _no_traffic(self) -> Iterator[dict[str, object]]:
        still = {
            series: Constant(level.start)
            for series, level in self._healthy.items()
            if isinstance(level, Growing)
        }
        if still:
            yield self._silent("counters stand still", still)
        yield self._silent("no series", {series: Absent() for series in self._healthy})

    def _fires(self, fault: Fault) -> dict[str, object]:
        end = self._fault_at + self._alert.detect_within + AFTERWARDS
        checks: list[Check] = []
        if self._healthy:
            checks.append(self._checks.inactive(self._fault_at - self._evaluation))
            if self._alert.hold:
                checks.append(self._checks.not_firing(self._fault_at + self._alert.hold - self._evaluation))
        fires_by = self._fires_by(fault)
        checks.append(self._checks.firing(fires_by, fault.labels))
        if self._alert.hold:
            checks.append(self._checks.has_waited(fires_by, self._evaluation))
        checks.append(self._checks.firing(end, fault.labels))
        return self._case(fault.name, self._course(fault, [(True, end - self._fault_at)]), checks)

    def _ends(self, fault: Fault) -> dict[str, object]:
        lasts = self._on_scrape(self._alert.detect_within) + AFTERWARDS
        ends = self._fault_at + lasts
        quiet = ends + (self._alert.entry.keep_firing_for or 0) + self._smoothing + 2 * self._evaluation
        quiet += self._scrape if self._smoothing else 0
        series = self._course(fault, [(True, lasts), (False, quiet + AFTERWARDS - ends)])
        checks = [
            self._checks.firing(ends - self._evaluation, fault.labels),
            self._checks.inactive(quiet),
        ]
        return self._case(f"{fault.name}, then ends", series, checks)

    def _blip(self, fault: Fault) -> dict[str, object]:
        """A fault shorter than `for`, or of a single scrape when the condition looks at more than one."""
        shorter = self._on_scrape(self._alert.hold) - self._scrape
        lasts = self._scrape if self._smoothing else max(self._scrape, shorter)
        afterwards = self._alert.hold + self._smoothing + AFTERWARDS
        series = self._course(fault, [(True, lasts), (False, afterwards)])
        return self._case(
            f"{fault.name}, too short",
            series,
            [self._checks.never_fired(self._fault_at + lasts + afterwards)],
        )

    def _lost_scrapes(self, fault: Fault) -> dict[str, object]:
        """Scrapes fail halfway through `for`; the alert must not start to wait again."""
        end = self._fault_at + self._alert.detect_within + AFTERWARDS
        first = (self._fault_at + self._on_scrape(self._alert.hold // 2)) // self._scrape
        lost = range(first, first + LOST_SCRAPES)
        series = self._course(fault, [(True, end - self._fault_at)], lost=lost)
        checks = [self._checks.firing(self._fires_by(fault), fault.labels)]
        return self._case(f"{fault.name}, while scrapes fail", series, checks)

    def escalates(self, after: int) -> dict[str, object]:
        """A fault goes on: `after` seconds later than the alert its escalation fires, and not before."""
        fault = self._alert.entry.signal.faults[0]
        escalation = Checks(self._alert, escalation=True)
        escalates_by = self._fires_by(fault) + after + self._slack
        checks = [
            escalation.not_firing(self._fault_at + self._alert.hold + after - self._evaluation),
            escalation.firing(escalates_by, fault.labels),
            escalation.has_waited(escalates_by, self._evaluation),
        ]
        series = self._course(fault, [(True, escalates_by + AFTERWARDS - self._fault_at)])
        return self._case(f"{fault.name}, and goes on", series, checks)

    def _fires_by(self, fault: Fault) -> int:
        """Return what is left of the promise for Prometheus itself, as a time."""
        source = self._alert.entry.source_interval if fault.source_interval is None else fault.source_interval
        promise = self._alert.detect_within - source
        return self._fault_at + promise - self._group_wait - self._scrape

    def _course(
        self, fault: Fault, then: list[tuple[bool, int]], *, lost: range = range(0)
    ) -> dict[str, str]:
        """Return the series: healthy until the fault, then (faulty?, seconds) one after the other."""
        changes = self._levels(fault.series)
        names = {**self._healthy, **changes}

        def spans(name: str) -> list[tuple[Level, int]]:
            healthy = self._healthy.get(name, Absent())
            faulty = changes.get(name, healthy)
            return [
                (healthy, self._fault_at),
                *((faulty if bad else healthy, length) for bad, length in then),
            ]

        # Prometheus writes `up` for the scrapes that fail, too.
        return {
            name: self._notation(spans(name), lost=range(0) if name.startswith("up{") else lost)
            for name in names
        }

    def _notation(self, spans: list[tuple[Level, int]], *, lost: range = range(0)) -> str:
        counted = [Span(level, seconds // self._scrape) for level, seconds in spans]
        # One sample more, at the end itself.
        counted[-1] = Span(counted[-1].level, counted[-1].scrapes + 1)
        return notation(counted, self._scrape, lost=lost)

    def _levels(self, values: SeriesValues) -> dict[str, Level]:
        return {series: self._level(text) for series, text in values.items()}

    def _level(self, text: str) -> Level:
        return parse_level(text, self._alert.thresholds)

    def _on_scrape(self, seconds: int) -> int:
        return seconds // self._scrape * self._scrape

    def _case(self, what: str, series: Mapping[str, str], checks: list[Check]) -> dict[str, object]:
        return case(f"{self._alert.name}: {what}", self._scrape, series, checks)
