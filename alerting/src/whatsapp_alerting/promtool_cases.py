"""The parts of a test file for `promtool test rules`.

Cases query `ALERTS`, because `exp_alerts` compares every annotation too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.resolution import ResolvedAlert
from whatsapp_alerting.yaml_text import to_yaml

AFTERWARDS = 180
"""Seconds that a case goes on after the last thing that happens."""


@dataclass(frozen=True, slots=True)
class Check:
    """A query at a time; `labels` are those of the one sample that is expected, None expects nothing."""

    at: int
    expression: str
    labels: Mapping[str, str] | None = None
    metric: str = "ALERTS"
    value: int = 1

    def written(self) -> dict[str, object]:
        """Return it as promtool reads it."""
        document: dict[str, object] = {"expr": self.expression, "eval_time": format_duration(self.at)}
        if self.labels is None:
            document["exp_samples"] = []
        else:
            pairs = ", ".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
            document["exp_samples"] = [{"labels": f"{self.metric}{{{pairs}}}", "value": self.value}]
        return document


class Checks:
    """The queries about one rule of an alert: that of its first notification, or that of its escalation."""

    def __init__(self, alert: ResolvedAlert, *, escalation: bool = False) -> None:
        self._alert = alert
        self._static = alert.escalation_labels() if escalation else alert.static_labels()
        self._hold = alert.hold + (alert.entry.escalate_after or 0 if escalation else 0)
        self._selector = f'alertname="{alert.name}",escalation="{"true" if escalation else ""}"'

    def firing(self, at: int, labels: Mapping[str, str]) -> Check:
        """It fires, once, with these identity labels."""
        expected = {
            "alertname": self._alert.name,
            "alertstate": "firing",
            **self._static,
            **labels,
        }
        return Check(at, self._firing, expected)

    def not_firing(self, at: int) -> Check:
        """It may be pending."""
        return Check(at, self._firing)

    def inactive(self, at: int) -> Check:
        """It is neither firing nor pending."""
        return Check(at, f"ALERTS{{{self._selector}}}")

    def has_waited(self, until: int, evaluation_interval: int) -> Check:
        """It was pending for as long as its rule says, whenever that began."""
        pending = f'ALERTS{{{self._selector},alertstate="pending"}}'
        return Check(
            until,
            f"sum(count_over_time({pending}[{format_duration(until)}]))",
            {},
            metric="",
            value=-(-self._hold // evaluation_interval),
        )

    def never_active(self, until: int) -> Check:
        """It was not even pending."""
        return Check(until, f"count_over_time(ALERTS{{{self._selector}}}[{format_duration(until)}])")

    def never_fired(self, until: int) -> Check:
        """It may have been pending."""
        return Check(until, f"count_over_time({self._firing}[{format_duration(until)}])")

    @property
    def _firing(self) -> str:
        return f'ALERTS{{{self._selector},alertstate="firing"}}'


def case(name: str, interval: int, series: Mapping[str, str], checks: Iterable[Check]) -> dict[str, object]:
    """Return a case; `series` is selector -> samples in promtool's notation, one each `interval` seconds."""
    return {
        "name": name,
        "interval": format_duration(interval),
        "input_series": [{"series": selector, "values": values} for selector, values in series.items()],
        "promql_expr_test": [check.written() for check in checks],
    }


def cases_file(rule_file: str, evaluation_interval: int, cases: list[dict[str, object]]) -> str:
    """Return a test file."""
    return to_yaml(
        {
            "rule_files": [rule_file],
            "evaluation_interval": format_duration(evaluation_interval),
            "tests": cases,
        }
    )
