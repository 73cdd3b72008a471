"""Prometheus alerting rules."""

from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.gsm import MAX_SMS, transliterate
from whatsapp_alerting.promql import fill
from whatsapp_alerting.resolution import Installation, ResolvedAlert
from whatsapp_alerting.yaml_text import to_yaml

SMS_RESERVED = 56
"""Characters of a text message kept for what is known only when it is sent: severity, host, since when."""


def rules_file(installation: Installation) -> str:
    """Return the rule file: one group, evaluated at the interval that the promises are computed with."""
    group = {
        "name": "whatsapp-notifications",
        "interval": format_duration(installation.timing.evaluation_interval),
        "rules": [_rule(installation, alert) for alert in installation.alerts],
    }
    return to_yaml({"groups": [group]})


def _rule(installation: Installation, alert: ResolvedAlert) -> dict[str, object]:
    rule: dict[str, object] = {"alert": alert.name, "expr": alert.condition}
    if alert.hold:
        rule["for"] = format_duration(alert.hold)
    if alert.entry.keep_firing_for:
        rule["keep_firing_for"] = format_duration(alert.entry.keep_firing_for)
    rule["labels"] = alert.static_labels()
    rule["annotations"] = annotations(installation, alert)
    return rule


def annotations(installation: Installation, alert: ResolvedAlert) -> dict[str, str]:
    """Return the texts that go with the alert, in the installation's language."""
    language = installation.language
    written = {
        "summary": alert.entry.summary.in_language(language),
        "description": fill(alert.entry.description.in_language(language), alert.thresholds),
        "value": alert.entry.value,
        "runbook_url": installation.runbook_url(alert),
    }
    dashboard = installation.dashboard_url(alert)
    if dashboard is not None:
        written["dashboard_url"] = dashboard
    if any(channel.value == "sms" for channel in alert.channels):
        written["sms"] = sms_text(written["summary"], written["runbook_url"])
    return written


def sms_text(summary: str, runbook_url: str) -> str:
    """Return the part of a text message that is known beforehand.

    The runbook's address is left out when it does not fit whole: half an address is of no use.
    """
    text = transliterate(summary)
    with_address = f"{text} {transliterate(runbook_url)}"
    return with_address if len(with_address) + SMS_RESERVED <= MAX_SMS else text
