"""Faults of what keeps what quiet."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from whatsapp_alerting.alert import Alert, Inhibition, Labels
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.lint.finding import Finding

PROMISE_SLACK = 180
"""Seconds by which a burn rate's promise exceeds what an outage takes: scrape, evaluations, whole minutes."""


def inhibition_findings(
    target: Alert, by_name: Mapping[str, Alert], burning: Collection[str]
) -> Iterator[Finding]:
    """Check each inhibition of an alert by itself; `burning` are the names of the burn-rate alerts."""
    for number, inhibition in enumerate(target.inhibited_by):
        for reason in _reasons(target, inhibition, by_name, burning):
            yield Finding(f"inhibited_by.{number}", reason)


def _reasons(
    target: Alert, inhibition: Inhibition, by_name: Mapping[str, Alert], burning: Collection[str]
) -> Iterator[str]:
    source = by_name.get(inhibition.alert)
    if source is None:
        yield f"names {inhibition.alert}, which is not in the catalogue"
        return
    if source is target and inhibition.source_labels == inhibition.target_labels:
        yield "an alert cannot inhibit itself"
    # Alertmanager takes a label that both sides lack as equal, and would inhibit everything.
    for side, labels, narrowed in (
        (source, inhibition.equal, inhibition.source_labels),
        (target, inhibition.equal, inhibition.target_labels),
    ):
        for label in sorted({*labels, *narrowed} - set(side.identity)):
            yield f"{side.name} does not carry the label {label}"
        for label, value in narrowed.items():
            if "{{" in value or "$" in value:
                yield f"{label} is compared as it is written, so {value} is not a value"
    # A burn rate waits for its share of the window before `for` begins; its promise is of a total outage.
    soonest = target.detect_within - PROMISE_SLACK if target.name in burning else 0
    if source.hold > target.hold and source.detect_within > soonest:
        yield f"{source.name} fires later (for {format_duration(source.hold)}) than what it inhibits"


@dataclass(frozen=True, slots=True)
class Quieting:
    """An inhibition with both its ends."""

    source: str
    target: str
    number: int
    """Place in the target's `inhibited_by`."""
    source_labels: tuple[tuple[str, str], ...]
    target_labels: tuple[tuple[str, str], ...]

    def may_lead_to(self, other: "Quieting") -> bool:
        """Say whether an alert that this one keeps quiet may keep others quiet by `other`."""
        return self.target == other.source and _agree(dict(self.target_labels), dict(other.source_labels))


def inhibition_cycle(alerts: Mapping[str, Alert]) -> list[Quieting]:
    """Return inhibitions by which alerts keep each other quiet all around, so that nobody hears of any."""
    edges = [
        Quieting(
            inhibition.alert,
            alert.name,
            number,
            tuple(sorted(inhibition.source_labels.items())),
            tuple(sorted(inhibition.target_labels.items())),
        )
        for alert in alerts.values()
        for number, inhibition in enumerate(alert.inhibited_by)
        if inhibition.alert in alerts and inhibition.alert != alert.name
    ]
    graph = {edge: [other for other in edges if edge.may_lead_to(other)] for edge in edges}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        around: list[Quieting] = error.args[1]
        return around[1:]
    return []


def _agree(left: Labels, right: Labels) -> bool:
    return all(right.get(label, value) == value for label, value in left.items())
