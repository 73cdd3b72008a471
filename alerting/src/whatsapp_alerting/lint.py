"""Faults of a catalogue or overrides file that its form alone does not show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from whatsapp_alerting.alert import Alert, Channel, Inhibition, Kind, Language, Severity
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.gsm import is_basic, transliterate
from whatsapp_alerting.loading import AREAS
from whatsapp_alerting.objective import WINDOW, Objective
from whatsapp_alerting.objective_rules import BlindObjectiveError, compile_objective
from whatsapp_alerting.overrides import AlertOverride, Overrides
from whatsapp_alerting.problems import InvalidInputError, Problem
from whatsapp_alerting.promql import PromqlError, fill, placeholders, read
from whatsapp_alerting.samples import parse_level

SCRAPES_IN_RANGE = 4
EVALUATIONS_IN_HOLD = 2
PROMISE_SLACK = 180
"""Seconds by which a burn rate's promise exceeds what an outage takes: scrape, evaluations, whole minutes."""
MAX_SUMMARY = 70
MAX_RETENTION = 120 * 3600
"""Alertmanager's default `--data.retention`, seconds: longer cooldowns would be forgotten."""

_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LABEL = re.compile(r"\$labels\.([a-z_][a-z0-9_]*)")
_STRING = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of one entry: its field and what is wrong."""

    field: str
    reason: str


def check_catalog(catalog: Catalog, path: Path, runbooks: Path) -> None:
    """Check the entries against each other, PromQL, the promises and the runbooks.

    Raises:
        InvalidInputError: with every fault found.
    """
    written = [(name, alert) for name, area in catalog.areas.items() for alert in area.alerts]
    objectives = [(name, one) for name, area in catalog.areas.items() for one in area.objectives]
    problems: list[Problem] = []
    derived: list[tuple[str, Alert]] = []
    for name, objective in objectives:
        try:
            rules = compile_objective(objective, catalog.timing)
        except BlindObjectiveError as error:
            problems.append(Problem(_file(path, name), objective.name, "target_percent", str(error)))
        else:
            derived += [(name, one.alert) for one in rules.alerts]
            problems += [
                Problem(_file(path, name), objective.name, field, reason)
                for field, reason in _objective(objective)
            ]
    entries = written + derived
    by_name = {alert.name: alert for _, alert in entries}
    burning = {alert.name for _, alert in derived}
    problems += [
        Problem(_file(path, name), alert.name, finding.field, finding.reason)
        for name, alert in entries
        for check in (_condition, _kind, _texts, _durations, _channels)
        for finding in check(alert, catalog)
    ]
    problems += [
        Problem(_file(path, name), alert.name, f"inhibited_by.{number}", reason)
        for name, alert in entries
        for number, inhibition in enumerate(alert.inhibited_by)
        for reason in _inhibition(alert, inhibition, by_name, burning)
    ]
    with_runbook: list[tuple[str, Alert | Objective]] = [*written, *objectives]
    problems += [
        Problem(_file(path, name), entry.name, "runbook", f"{language.value}/{entry.runbook} does not exist")
        for name, entry in with_runbook
        for language in Language
        if not (runbooks / language.value / entry.runbook).is_file()
    ]
    if problems:
        raise InvalidInputError(problems)


def _file(path: Path, area: str) -> str:
    return str(path.parent / AREAS / f"{area}.yml")


def all_alerts(catalog: Catalog) -> list[Alert]:
    """Return written and derived alerts of a catalogue that has passed the check."""
    return [
        alert
        for area in catalog.areas.values()
        for alert in (
            *area.alerts,
            *(
                one.alert
                for objective in area.objectives
                for one in compile_objective(objective, catalog.timing).alerts
            ),
        )
    ]


def _objective(objective: Objective) -> Iterator[tuple[str, str]]:
    for field in ("good", "total"):
        expression = getattr(objective, field).replace(f"${{{WINDOW}}}", "1h")
        try:
            read(expression)
        except PromqlError as error:
            yield field, f"is not PromQL: {error}"


def check_overrides(overrides: Overrides, catalog: Catalog, path: Path) -> None:
    """Check that the overrides speak of alerts and thresholds that exist and leave nobody unheard.

    Raises:
        InvalidInputError: with every fault found.
    """
    alerts = all_alerts(catalog)
    by_name = {alert.name: alert for alert in alerts}
    problems = [
        Problem(str(path), name, finding.field, finding.reason)
        for name, override in overrides.alerts.items()
        for finding in _override(override, by_name.get(name), catalog)
    ]
    configured = overrides.receivers.configured()
    for alert in alerts:
        override = overrides.alerts.get(alert.name, AlertOverride())
        channels = set(override.channels or alert.channels)
        if channels != {Channel.HEARTBEAT} and not channels & configured:
            names = ", ".join(channel.value for channel in Channel if channel in channels)
            problems.append(
                Problem(str(path), "receivers", "", f"{alert.name} reaches nobody: set one of {names}")
            )
    if problems:
        raise InvalidInputError(problems)


def _condition(alert: Alert, catalog: Catalog) -> Iterator[Finding]:
    texts = [alert.condition, alert.description.es, alert.description.en]
    texts += [value for values in _signal_values(alert) for value in values.values()]
    unknown = sorted(set().union(*(placeholders(text) for text in texts)) - alert.thresholds.keys())
    for name in unknown:
        yield Finding("thresholds", f"${{{name}}} is used and not defined")
    for name in sorted(alert.thresholds.keys() - placeholders(alert.condition)):
        yield Finding("thresholds", f"{name} is defined and not used in the condition")
    if unknown:
        return
    try:
        expression = read(fill(alert.condition, alert.thresholds))
    except PromqlError as error:
        yield Finding("condition", f"is not PromQL: {error}")
        return
    for values in _signal_values(alert):
        for series, value in values.items():
            yield from _sample(alert, series, value)
    shortest = SCRAPES_IN_RANGE * catalog.timing.scrape_interval
    for window in expression.ranges:
        if window < shortest:
            yield Finding(
                "condition",
                f"the range {format_duration(window)} is shorter than {SCRAPES_IN_RANGE} scrapes"
                f" ({format_duration(shortest)})",
            )


def _kind(alert: Alert, _catalog: Catalog) -> Iterator[Finding]:
    derived = not alert.signal.healthy and alert.kind is Kind.THRESHOLD
    if alert.kind is Kind.THRESHOLD and not alert.thresholds:
        yield Finding("kind", "a threshold alert has at least one named threshold")
    if alert.kind is Kind.THRESHOLD and not alert.signal.boundary and not derived:
        yield Finding("signal", "a threshold alert says in boundary what is just not a fault")
    if (alert.kind is Kind.ALWAYS) != (not alert.signal.healthy) and not derived:
        yield Finding("signal", "healthy is empty for what always fires, and only for that")


def _sample(alert: Alert, series: str, value: str) -> Iterator[Finding]:
    try:
        parse_level(value, alert.thresholds)
        read(series)
    except PromqlError as error:
        yield Finding("signal", f"{series} is not a series: {error}")
    except ValueError as error:
        yield Finding("signal", str(error))


def _signal_values(alert: Alert) -> list[dict[str, str]]:
    faults = [fault.series for fault in alert.signal.faults]
    return [alert.signal.healthy, *alert.signal.boundary, *faults]


def _texts(alert: Alert, _catalog: Catalog) -> Iterator[Finding]:
    if _actions(alert.description.es) != _actions(alert.description.en):
        yield Finding("description", "es and en use different template values")
    for language in Language:
        summary = alert.summary.in_language(language)
        if "{{" in summary:
            yield Finding(
                f"summary.{language.value}", "must be static, so that it is equal for every instance"
            )
        if len(summary) > MAX_SUMMARY:
            yield Finding(f"summary.{language.value}", f"is longer than {MAX_SUMMARY} characters")
        if not is_basic(transliterate(summary)):
            yield Finding(f"summary.{language.value}", "cannot be written in a text message")
    used = set(_LABEL.findall(" ".join([alert.description.es, alert.description.en, alert.value])))
    for label in sorted(used - set(alert.identity)):
        yield Finding("description", f"uses the label {label}, which identity does not name")
    for fault in alert.signal.faults:
        if fault.labels.keys() != set(alert.identity):
            yield Finding("signal", f"the labels of the fault {fault.name!r} are not those of identity")


def _actions(text: str) -> list[str]:
    """Return the template actions without the words inside them, in one order for both languages."""
    return sorted(_STRING.sub('""', action.strip()) for action in _ACTION.findall(text))


def _durations(alert: Alert, catalog: Catalog) -> Iterator[Finding]:
    timing = catalog.timing
    least_hold = EVALUATIONS_IN_HOLD * timing.evaluation_interval
    if alert.hold < least_hold and alert.channels != [Channel.HEARTBEAT]:
        yield Finding(
            "for", f"is shorter than {EVALUATIONS_IN_HOLD} evaluations ({format_duration(least_hold)})"
        )
    least = timing.scrape_interval + 2 * timing.evaluation_interval + alert.hold + timing.group_wait
    if alert.detect_within < least:
        yield Finding(
            "detect_within",
            f"cannot be held: scrape, evaluation, for and group_wait add up to {format_duration(least)}",
        )
    yield from _cooldown(alert.cooldown)


def _cooldown(seconds: int) -> Iterator[Finding]:
    if not 60 <= seconds <= MAX_RETENTION:
        yield Finding("cooldown", f"must be from 1m to {format_duration(MAX_RETENTION)}")


def _channels(alert: Alert, _catalog: Catalog) -> Iterator[Finding]:
    if (alert.escalate_after is None) != (not alert.escalate_to):
        yield Finding("escalate_to", "escalate_after and escalate_to go together")
    if Channel.HEARTBEAT in alert.escalate_to:
        yield Finding("escalate_to", "the heartbeat is nobody to escalate to")
    if alert.may_wait and alert.severity is Severity.CRITICAL:
        yield Finding("may_wait", "a critical alert cannot wait")
    if Channel.SMS in alert.channels and alert.severity is not Severity.CRITICAL:
        yield Finding("channels", "sms is for critical alerts only")


def _inhibition(
    target: Alert, inhibition: Inhibition, by_name: dict[str, Alert], burning: set[str]
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
    # A burn rate waits for its share of the window before `for`; its promise is that of a total outage.
    soonest = target.detect_within - PROMISE_SLACK if target.name in burning else 0
    if source.hold > target.hold and source.detect_within > soonest:
        yield f"{source.name} fires later (for {format_duration(source.hold)}) than what it inhibits"


def _override(override: AlertOverride, alert: Alert | None, catalog: Catalog) -> Iterator[Finding]:
    if alert is None:
        yield Finding("", "is not an alert of the catalogue")
        return
    for name in sorted(override.thresholds.keys() - alert.thresholds.keys()):
        known = ", ".join(sorted(alert.thresholds)) or "none"
        yield Finding(f"thresholds.{name}", f"is not a threshold of this alert (it has: {known})")
    least_hold = EVALUATIONS_IN_HOLD * catalog.timing.evaluation_interval
    if override.hold is not None and override.hold < least_hold:
        yield Finding(
            "for", f"is shorter than {EVALUATIONS_IN_HOLD} evaluations ({format_duration(least_hold)})"
        )
    if override.cooldown is not None:
        yield from _cooldown(override.cooldown)
    if Channel.SMS in (override.channels or []) and alert.severity is not Severity.CRITICAL:
        yield Finding("channels", "sms is for critical alerts only")
