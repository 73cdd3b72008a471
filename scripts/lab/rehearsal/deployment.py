"""The lab with times compressed, and as it was: monitoring deployed again with other variables."""

from __future__ import annotations

import json
from typing import Final

from lab import playbook

COMPRESSION: Final = 10
_TAGS: Final = "alerting,prometheus,alertmanager,exporter,world"
_TRAFFIC_A_MINUTE: Final = 120
"""So that windows of seconds have events in them."""
_LONG_COOLDOWNS: Final = (
    "TlsCertificateExpiryNear",
    "WhatsAppTokenAboutToExpire",
    "WhatsAppGraphVersionAboutToEnd",
    "WhatsAppTemplateUnusable",
    "ConfigurationNotReloaded",
    "DatabaseDamaged",
    "NotificationsFailing",
    "JobFailed",
    "WhatsAppWebhookBadSignature",
)
"""A resolved notice waits for the cooldown's end: hours in these, even compressed."""
_NEVER: Final = 1_000_000_000


def compress(language: str, *, blind: tuple[str, ...] = ()) -> None:
    """Deploy monitoring with every wait divided, scrapes and evaluations too; the alerts `blind` cannot fire.

    The exporter's reads of the Graph API stay as they are: the exporter keeps to Meta's limit of an hour.
    """
    alerts: dict[str, object] = {name: {"cooldown": "10m"} for name in _LONG_COOLDOWNS}
    # The service's own rounds are not compressed: this late is late enough to be seen.
    alerts["SchedulerOverdue"] = {"thresholds": {"overdue_seconds": 5}}
    alerts |= {name: {"thresholds": {"minimum_events": _NEVER}} for name in blind}
    _deploy(
        {
            "ops_language": language,
            "lab_time_compression": COMPRESSION,
            "lab_alert_overrides": alerts,
            "prometheus_scrape_interval": "1500ms",
            "prometheus_scrape_timeout": "1500ms",
            "prometheus_evaluation_interval": "1500ms",
            "world_traffic_rate": _TRAFFIC_A_MINUTE,
        }
    )


def restore() -> None:
    """Deploy monitoring as the inventory says."""
    _deploy({})


def _deploy(variables: dict[str, object]) -> None:
    playbook.run("site", "--tags", _TAGS, "--extra-vars", json.dumps(variables), verbose=False)
