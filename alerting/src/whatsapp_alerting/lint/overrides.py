"""Every check on an overrides file."""

from collections.abc import Iterator
from pathlib import Path

from whatsapp_alerting.alert import Alert, Channel
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.lint.catalog import all_alerts
from whatsapp_alerting.lint.channels import sms_findings
from whatsapp_alerting.lint.conditions import comparison_faults
from whatsapp_alerting.lint.durations import cooldown_findings, hold_findings
from whatsapp_alerting.lint.finding import Finding
from whatsapp_alerting.lint.surroundings import Surroundings
from whatsapp_alerting.overrides import AlertOverride, Overrides
from whatsapp_alerting.problems import InvalidInputError, Problem
from whatsapp_alerting.promql import fill
from whatsapp_alerting.promql_tree import parse


def check_overrides(overrides: Overrides, catalog: Catalog, path: Path, surroundings: Surroundings) -> None:
    """Check that the overrides speak of alerts and thresholds that exist and leave nobody unheard.

    The catalogue must have passed its check.

    Raises:
        InvalidInputError: with every fault found.
    """
    alerts = all_alerts(catalog)
    by_name = {alert.name: alert for alert in alerts}
    problems = [
        Problem(str(path), name, finding.field, finding.reason)
        for name, override in overrides.alerts.items()
        for finding in _findings(override, by_name.get(name), catalog, surroundings)
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


def _findings(
    override: AlertOverride, alert: Alert | None, catalog: Catalog, surroundings: Surroundings
) -> Iterator[Finding]:
    if alert is None:
        yield Finding("", "is not an alert of the catalogue")
        return
    unknown = sorted(override.thresholds.keys() - alert.thresholds.keys())
    for name in unknown:
        known = ", ".join(sorted(alert.thresholds)) or "none"
        yield Finding(f"thresholds.{name}", f"is not a threshold of this alert (it has: {known})")
    if override.thresholds and not unknown:
        tree = parse(fill(alert.condition, {**alert.thresholds, **override.thresholds}))
        for fault in comparison_faults(tree, surroundings.metrics):
            yield Finding("thresholds", fault)
    if override.hold is not None:
        yield from hold_findings(override.hold, catalog.timing)
    if override.cooldown is not None:
        yield from cooldown_findings(override.cooldown, alert)
    yield from sms_findings(override.channels or [], alert.severity)
