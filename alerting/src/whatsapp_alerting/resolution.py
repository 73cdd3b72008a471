"""Catalogue and overrides together: the alerts of one installation, with every value decided."""

from collections.abc import Iterable
from dataclasses import dataclass

from whatsapp_alerting.alert import Alert, Channel, Language
from whatsapp_alerting.catalog import Area, Catalog, Timing
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.objective_rules import BurnAlert, ObjectiveRules, compile_objective
from whatsapp_alerting.overrides import AlertOverride, Overrides
from whatsapp_alerting.promql import fill

SERVICE = "whatsapp-notifications"
"""Value of the label `service` that every alert carries."""


@dataclass(frozen=True, slots=True)
class ResolvedAlert:
    """An entry with the installation's thresholds, durations and channels. Durations are seconds."""

    entry: Alert
    thresholds: dict[str, float]
    condition: str
    hold: int
    cooldown: int
    detect_within: int
    channels: tuple[Channel, ...]

    @property
    def name(self) -> str:
        return self.entry.name

    def static_labels(self) -> dict[str, str]:
        """Return the labels that routes match on: stable ones, so that a new alert does not reset a route."""
        waiting = {"may_wait": "true"} if self.entry.may_wait else {}
        return {
            **self._common_labels(),
            **waiting,
            **{f"notify_{channel.value}": "true" for channel in self.channels},
        }

    def escalation_labels(self) -> dict[str, str]:
        """Return the labels of the rule that tells the escalation contacts."""
        channels = {f"escalate_{channel.value}": "true" for channel in self.entry.escalate_to}
        return {**self._common_labels(), "escalation": "true", **channels}

    def _common_labels(self) -> dict[str, str]:
        return {
            "severity": self.entry.severity.value,
            "service": SERVICE,
            "cooldown": format_duration(self.cooldown),
        }


@dataclass(frozen=True, slots=True)
class ResolvedBurnAlert:
    """A derived alert with the windows (seconds) that it looks at."""

    alert: ResolvedAlert
    long: int
    short: int


@dataclass(frozen=True, slots=True)
class ResolvedObjective:
    """An objective's rules; alerts and recordings are evaluated fast or slowly (see objective_rules)."""

    rules: ObjectiveRules
    fast_alerts: tuple[ResolvedBurnAlert, ...]
    slow_alerts: tuple[ResolvedBurnAlert, ...]

    @property
    def alerts(self) -> tuple[ResolvedBurnAlert, ...]:
        """All of them, the fastest first."""
        return (*self.fast_alerts, *self.slow_alerts)


@dataclass(frozen=True, slots=True)
class ResolvedArea:
    """What is compiled into one rule file."""

    name: str
    own_alerts: tuple[ResolvedAlert, ...]
    objectives: tuple[ResolvedObjective, ...]

    @property
    def alerts(self) -> tuple[ResolvedAlert, ...]:
        """Written and derived ones."""
        derived = (one.alert for objective in self.objectives for one in objective.alerts)
        return (*self.own_alerts, *derived)


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that the emitters need."""

    timing: Timing
    overrides: Overrides
    areas: tuple[ResolvedArea, ...]

    @property
    def alerts(self) -> tuple[ResolvedAlert, ...]:
        """Those of all areas."""
        return tuple(alert for area in self.areas for alert in area.alerts)

    @property
    def language(self) -> Language:
        return self.overrides.language

    def alert(self, name: str) -> ResolvedAlert:
        """Return the alert of that name; raises `KeyError` when there is none."""
        for alert in self.alerts:
            if alert.name == name:
                return alert
        raise KeyError(name)

    def runbook_url(self, alert: ResolvedAlert) -> str:
        return f"{self.overrides.runbook_base_url.rstrip('/')}/{self.language.value}/{alert.entry.runbook}"

    def dashboard_url(self, alert: ResolvedAlert) -> str | None:
        grafana = self.overrides.external_urls.grafana
        if grafana is None or alert.entry.dashboard is None:
            return None
        return f"{grafana.rstrip('/')}/d/{alert.entry.dashboard}"


def resolve(catalog: Catalog, overrides: Overrides) -> Installation:
    """Apply the overrides. Both must have passed the lint."""
    areas = tuple(
        _resolved_area(name, area, catalog.timing, overrides) for name, area in catalog.areas.items()
    )
    return Installation(timing=catalog.timing, overrides=overrides, areas=areas)


def _resolved_area(name: str, area: Area, timing: Timing, overrides: Overrides) -> ResolvedArea:
    def resolved(entry: Alert) -> ResolvedAlert:
        return _resolved(entry, overrides.alerts.get(entry.name, AlertOverride()))

    def burning(alerts: Iterable[BurnAlert]) -> tuple[ResolvedBurnAlert, ...]:
        return tuple(ResolvedBurnAlert(resolved(one.alert), one.long, one.short) for one in alerts)

    compiled = [compile_objective(objective, timing) for objective in area.objectives]
    return ResolvedArea(
        name,
        tuple(resolved(entry) for entry in area.alerts),
        tuple(ResolvedObjective(one, burning(one.fast_alerts), burning(one.slow_alerts)) for one in compiled),
    )


def _resolved(entry: Alert, override: AlertOverride) -> ResolvedAlert:
    thresholds = {**entry.thresholds, **override.thresholds}
    hold = entry.hold if override.hold is None else override.hold
    channels = entry.channels if override.channels is None else override.channels
    return ResolvedAlert(
        entry=entry,
        thresholds=thresholds,
        condition=fill(entry.condition, thresholds).rstrip("\n"),
        hold=hold,
        cooldown=entry.cooldown if override.cooldown is None else override.cooldown,
        # The promise grows or shrinks with the time that the installation chose to wait.
        detect_within=entry.detect_within + hold - entry.hold,
        channels=tuple(channel for channel in Channel if channel in channels),
    )
