"""Catalogue and overrides together: the alerts of one installation, with every value decided."""

from dataclasses import dataclass

from whatsapp_alerting.catalog import Alert, Catalog, Channel, Language, Timing
from whatsapp_alerting.duration import format_duration
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
        return {
            "severity": self.entry.severity.value,
            "service": SERVICE,
            "cooldown": format_duration(self.cooldown),
            **{f"notify_{channel.value}": "true" for channel in self.channels},
        }


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that the emitters need."""

    timing: Timing
    overrides: Overrides
    alerts: tuple[ResolvedAlert, ...]

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
    alerts = tuple(
        _resolved(entry, overrides.alerts.get(entry.name, AlertOverride())) for entry in catalog.alerts
    )
    return Installation(timing=catalog.timing, overrides=overrides, alerts=alerts)


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
