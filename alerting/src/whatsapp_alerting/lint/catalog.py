"""Every check on a catalogue."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from whatsapp_alerting.alert import Alert, Language
from whatsapp_alerting.catalog import Catalog, Timing
from whatsapp_alerting.lint.channels import channel_findings
from whatsapp_alerting.lint.conditions import condition_findings
from whatsapp_alerting.lint.durations import duration_findings
from whatsapp_alerting.lint.expressions import ExpressionLint
from whatsapp_alerting.lint.finding import Finding
from whatsapp_alerting.lint.inhibitions import inhibition_cycle, inhibition_findings
from whatsapp_alerting.lint.objectives import objective_findings
from whatsapp_alerting.lint.recorded import RecordedSeries
from whatsapp_alerting.lint.signals import signal_findings
from whatsapp_alerting.lint.surroundings import Surroundings
from whatsapp_alerting.lint.texts import text_findings
from whatsapp_alerting.loading import AREAS
from whatsapp_alerting.objective import Objective
from whatsapp_alerting.objective_rules import BlindObjectiveError, ObjectiveRules, compile_objective
from whatsapp_alerting.problems import InvalidInputError, Problem


def check_catalog(catalog: Catalog, path: Path, surroundings: Surroundings) -> None:
    """Check the entries against each other, PromQL, the promises, and what they refer to.

    Raises:
        InvalidInputError: with every fault found.
    """
    problems: list[Problem] = []
    compiled: dict[str, ObjectiveRules] = {}
    for area, objective in _objectives(catalog):
        try:
            compiled[objective.name] = compile_objective(objective, catalog.timing)
        except BlindObjectiveError as error:
            problems.append(Problem(_file(path, area), objective.name, "target_percent", str(error)))
    expressions = ExpressionLint(surroundings.metrics, RecordedSeries.of(compiled.values()), catalog.timing)
    entries = _alerts(catalog, compiled)
    by_name = {alert.name: alert for _, alert in entries}
    burning = {one.alert.name for rules in compiled.values() for one in rules.alerts}
    found: list[tuple[str, str, Finding]] = []
    for area, objective in _objectives(catalog):
        if objective.name in compiled:
            found += [(area, objective.name, one) for one in objective_findings(objective, expressions)]
        found += [(area, objective.name, one) for one in _references(objective, surroundings)]
    for area, alert in entries:
        found += [(area, alert.name, one) for one in _alert(alert, catalog.timing, expressions)]
        found += [(area, alert.name, one) for one in inhibition_findings(alert, by_name, burning)]
    for area, alert in _written(catalog):
        found += [(area, alert.name, one) for one in _references(alert, surroundings)]
    found += _cycles(entries, by_name)
    problems += [Problem(_file(path, area), name, one.field, one.reason) for area, name, one in found]
    if problems:
        raise InvalidInputError(problems)


def all_alerts(catalog: Catalog) -> list[Alert]:
    """Return written and derived alerts of a catalogue that has passed the check."""
    compiled = {one.name: compile_objective(one, catalog.timing) for _, one in _objectives(catalog)}
    return [alert for _, alert in _alerts(catalog, compiled)]


def _file(path: Path, area: str) -> str:
    return str(path.parent / AREAS / f"{area}.yml")


def _written(catalog: Catalog) -> list[tuple[str, Alert]]:
    return [(name, alert) for name, area in catalog.areas.items() for alert in area.alerts]


def _objectives(catalog: Catalog) -> list[tuple[str, Objective]]:
    return [(name, objective) for name, area in catalog.areas.items() for objective in area.objectives]


def _alerts(catalog: Catalog, compiled: Mapping[str, ObjectiveRules]) -> list[tuple[str, Alert]]:
    """Return the alerts with their areas, each area's derived ones after its written ones."""
    found: list[tuple[str, Alert]] = []
    for name, area in catalog.areas.items():
        found += [(name, alert) for alert in area.alerts]
        for objective in area.objectives:
            rules = compiled.get(objective.name)
            found += [(name, one.alert) for one in rules.alerts] if rules is not None else []
    return found


def _alert(alert: Alert, timing: Timing, expressions: ExpressionLint) -> Iterator[Finding]:
    yield from condition_findings(alert, expressions)
    yield from signal_findings(alert, expressions)
    yield from text_findings(alert)
    yield from duration_findings(alert, timing)
    yield from channel_findings(alert)


def _references(entry: Alert | Objective, surroundings: Surroundings) -> Iterator[Finding]:
    for language in Language:
        if not (surroundings.runbooks / language.value / entry.runbook).is_file():
            yield Finding("runbook", f"{language.value}/{entry.runbook} does not exist")
    known = surroundings.dashboards
    if entry.dashboard is not None and known is not None and entry.dashboard not in known:
        yield Finding("dashboard", f"{entry.dashboard} is not the uid of a dashboard")


def _cycles(
    entries: list[tuple[str, Alert]], by_name: Mapping[str, Alert]
) -> Iterator[tuple[str, str, Finding]]:
    cycle = inhibition_cycle(by_name)
    if not cycle:
        return
    areas = {alert.name: area for area, alert in entries}
    first = min(cycle, key=lambda one: list(areas).index(one.target))
    names = ", ".join(sorted({one.target for one in cycle}))
    yield (
        areas[first.target],
        first.target,
        Finding(
            f"inhibited_by.{first.number}", f"closes a circle of alerts that keep each other quiet: {names}"
        ),
    )
