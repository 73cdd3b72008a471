"""Tests for `promtool test rules`, generated from each entry's signal.

They query `ALERTS`, because `exp_alerts` compares every annotation too, and show for each entry that the
alert fires on every fault within its promise with exactly its labels, and not before its `for`; stays silent
when healthy, on the boundary, and on a fault shorter than `for`; ends when the fault ends; and survives lost
scrapes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from whatsapp_alerting.catalog import Fault, SeriesValues, Timing
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.promql import fill, format_number
from whatsapp_alerting.resolution import Installation, ResolvedAlert
from whatsapp_alerting.yaml_text import to_yaml

RULES_FILE = "../rules/whatsapp.rules.yml"
FAULT_AT = 180
"""Seconds of health before the fault; longer than the ranges of the conditions."""
AFTERWARDS = 180
"""Seconds that a test goes on after the last thing that happens."""
LOST_SCRAPES = 2

_SUM = re.compile(r"^\s*-?[0-9.]+(\s*[-+]\s*[0-9.]+)*\s*$")


@dataclass(frozen=True, slots=True)
class _Check:
    at: int
    expression: str
    labels: dict[str, str] | None = None
    """Labels of the one sample that is expected; `None` expects nothing."""


def rule_tests_file(installation: Installation) -> str:
    """Return the test file."""
    document = {
        "rule_files": [RULES_FILE],
        "evaluation_interval": format_duration(installation.timing.evaluation_interval),
        "tests": [
            case for alert in installation.alerts for case in _AlertTests(alert, installation.timing).cases()
        ],
    }
    return to_yaml(document)


def value_of(expression: str, thresholds: dict[str, float]) -> str:
    """Return the number that a sum such as `${limit} + 0.1` stands for.

    Raises:
        ValueError: it is not a sum of numbers.
    """
    filled = fill(expression, thresholds)
    if not _SUM.match(filled):
        raise ValueError(f"{expression!r} is not a sum of numbers and thresholds")
    terms = re.findall(r"[-+]?\s*[0-9.]+", filled)
    return format_number(float(sum((Decimal(term.replace(" ", "")) for term in terms), Decimal(0))))


_Values = Callable[[str, str, str | None], str]
"""Series, its healthy value, its value in the fault if it has one -> samples in promtool's notation."""


class _AlertTests:
    def __init__(self, alert: ResolvedAlert, timing: Timing) -> None:
        self._alert = alert
        self._timing = timing
        self._scrape = timing.scrape_interval
        # What is left of the promise for Prometheus itself.
        self._fires_by = alert.detect_within - timing.group_wait - timing.scrape_interval
        self._selector = f'alertname="{alert.name}"'

    def cases(self) -> Iterator[dict[str, object]]:
        signal = self._alert.entry.signal
        if not signal.healthy:
            yield from (self._always(fault) for fault in signal.faults)
            return
        yield self._silent("healthy", {})
        for number, values in enumerate(signal.boundary, start=1):
            yield self._silent(f"on the boundary ({number})", values)
        for fault in signal.faults:
            yield self._fires(fault)
            yield self._ends(fault)
            yield self._too_short(fault)
            if not all(series.startswith("up{") for series in fault.series):
                yield self._lost_scrapes(fault)

    def _always(self, fault: Fault) -> dict[str, object]:
        return self._case(fault.name, [], [self._firing(self._fires_by, fault)])

    def _silent(self, what: str, values: SeriesValues) -> dict[str, object]:
        end = FAULT_AT + self._alert.detect_within + AFTERWARDS
        series = self._series(
            values, lambda _series, healthy, changed: self._constant(changed or healthy, end)
        )
        return self._case(what, series, [self._never(end)])

    def _fires(self, fault: Fault) -> dict[str, object]:
        end = FAULT_AT + self._alert.detect_within + AFTERWARDS
        before_hold = FAULT_AT + self._alert.hold - self._timing.evaluation_interval
        checks = [
            _Check(FAULT_AT - self._timing.evaluation_interval, f"ALERTS{{{self._selector}}}"),
            _Check(before_hold, self._firing_series()),
            self._firing(FAULT_AT + self._fires_by, fault),
            self._firing(end, fault),
        ]
        series = self._series(
            fault.series, lambda _series, healthy, changed: self._from_fault(healthy, changed, end)
        )
        return self._case(fault.name, series, checks)

    def _ends(self, fault: Fault) -> dict[str, object]:
        ends = FAULT_AT + self._on_scrape(self._alert.detect_within) + AFTERWARDS
        quiet = ends + (self._alert.entry.keep_firing_for or 0) + 2 * self._timing.evaluation_interval
        end = quiet + AFTERWARDS

        def values(_series: str, healthy: str, changed: str | None) -> str:
            if changed is None:
                return self._constant(healthy, end)
            spans = [(healthy, FAULT_AT), (changed, ends - FAULT_AT), (healthy, end - ends)]
            return self._spans(spans)

        checks = [
            self._firing(ends - self._timing.evaluation_interval, fault),
            _Check(quiet, f"ALERTS{{{self._selector}}}"),
        ]
        return self._case(f"{fault.name}, then ends", self._series(fault.series, values), checks)

    def _too_short(self, fault: Fault) -> dict[str, object]:
        lasts = max(self._scrape, self._on_scrape(self._alert.hold) - self._scrape)
        end = FAULT_AT + lasts + self._alert.hold + AFTERWARDS

        def values(_series: str, healthy: str, changed: str | None) -> str:
            if changed is None:
                return self._constant(healthy, end)
            return self._spans([(healthy, FAULT_AT), (changed, lasts), (healthy, end - FAULT_AT - lasts)])

        expression = f"count_over_time({self._firing_series()}[{format_duration(end)}])"
        return self._case(
            f"{fault.name} for less than the alert waits",
            self._series(fault.series, values),
            [_Check(end, expression)],
        )

    def _lost_scrapes(self, fault: Fault) -> dict[str, object]:
        """Scrapes fail halfway through `for`; the alert must not start to wait again."""
        first = self._on_scrape(self._alert.hold // 2)
        end = FAULT_AT + self._alert.detect_within + AFTERWARDS

        def values(series: str, healthy: str, changed: str | None) -> str:
            if series.startswith("up{"):  # Prometheus writes `up` for the scrapes that fail, too.
                return self._from_fault(healthy, changed, end)
            steady = changed or healthy
            rest = self._constant(steady, end - FAULT_AT - first - LOST_SCRAPES * self._scrape)
            before = self._spans([(healthy, FAULT_AT), (steady, first)] if first else [(healthy, FAULT_AT)])
            return f"{before} stale _x{LOST_SCRAPES - 1} {rest}"

        checks = [self._firing(FAULT_AT + self._fires_by, fault)]
        return self._case(f"{fault.name}, while scrapes fail", self._series(fault.series, values), checks)

    def _firing_series(self) -> str:
        return f'ALERTS{{{self._selector},alertstate="firing"}}'

    def _firing(self, at: int, fault: Fault) -> _Check:
        labels = {
            "__name__": "ALERTS",
            "alertname": self._alert.name,
            "alertstate": "firing",
            **self._alert.static_labels(),
            **fault.labels,
        }
        return _Check(at, self._firing_series(), labels)

    def _never(self, end: int) -> _Check:
        return _Check(end, f"count_over_time(ALERTS{{{self._selector}}}[{format_duration(end)}])")

    def _series(self, changes: SeriesValues, values: _Values) -> list[dict[str, str]]:
        healthy = self._alert.entry.signal.healthy
        thresholds = self._alert.thresholds
        written = []
        for series in {**healthy, **changes}:
            changed = value_of(changes[series], thresholds) if series in changes else None
            usual = value_of(healthy[series], thresholds) if series in healthy else "_"
            written.append({"series": series, "values": values(series, usual, changed)})
        return written

    def _on_scrape(self, seconds: int) -> int:
        return seconds // self._scrape * self._scrape

    def _constant(self, value: str, seconds: int) -> str:
        return f"{value}x{seconds // self._scrape}"

    def _from_fault(self, healthy: str, changed: str | None, end: int) -> str:
        if changed is None:
            return self._constant(healthy, end)
        return f"{self._spans([(healthy, FAULT_AT)])} {self._constant(changed, end - FAULT_AT)}"

    def _spans(self, spans: list[tuple[str, int]]) -> str:
        """`AxN` stands for N + 1 samples, so a span of N scrapes is written with N - 1."""
        return " ".join(f"{value}x{seconds // self._scrape - 1}" for value, seconds in spans)

    def _case(self, what: str, series: list[dict[str, str]], checks: list[_Check]) -> dict[str, object]:
        return {
            "name": f"{self._alert.name}: {what}",
            "interval": format_duration(self._scrape),
            "input_series": series,
            "promql_expr_test": [_check(check) for check in checks],
        }


def _check(check: _Check) -> dict[str, object]:
    written: dict[str, object] = {"expr": check.expression, "eval_time": format_duration(check.at)}
    if check.labels is None:
        written["exp_samples"] = []
    else:
        name = check.labels["__name__"]
        pairs = ", ".join(
            f'{label}="{value}"' for label, value in sorted(check.labels.items()) if label != "__name__"
        )
        written["exp_samples"] = [{"labels": f"{name}{{{pairs}}}", "value": 1}]
    return written
