"""Table for `amtool config routes test`: what each alert carries and whom it reaches."""

from whatsapp_alerting.resolution import Installation
from whatsapp_alerting.routes import expected_escalation, expected_receivers, fallback_receiver
from whatsapp_alerting.yaml_text import to_yaml


def routing_tests_file(installation: Installation) -> str:
    """Return the table, one row an alert and one for an alert that is not of the catalogue."""
    rows: list[dict[str, object]] = [
        {
            "name": alert.name,
            "labels": {
                "alertname": alert.name,
                **alert.static_labels(),
                **alert.entry.signal.faults[0].labels,
            },
            "receivers": expected_receivers(installation, alert),
        }
        for alert in installation.alerts
    ]
    rows += [
        {
            "name": f"{alert.name}, escalated",
            "labels": {
                "alertname": alert.name,
                **alert.escalation_labels(),
                **alert.entry.signal.faults[0].labels,
            },
            "receivers": expected_escalation(installation, alert),
        }
        for alert in installation.alerts
        if alert.entry.escalate_after is not None
    ]
    foreign = {
        "name": "an alert that is not of the catalogue",
        "labels": {"alertname": "SomethingElse", "severity": "warning"},
        "receivers": [fallback_receiver(installation)],
    }
    return to_yaml({"routes": [*rows, foreign]})
