"""Prometheus alerting rules."""

from whatsapp_alerting.compression import compressed
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.gsm import MAX_SMS, transliterate
from whatsapp_alerting.objective_rules import SLOW_INTERVAL, Recording
from whatsapp_alerting.promql import fill
from whatsapp_alerting.resolution import Installation, ResolvedAlert, ResolvedArea
from whatsapp_alerting.silence_link import silence_url
from whatsapp_alerting.yaml_text import to_yaml

SMS_RESERVED = 56
"""Characters of a text message kept for what is known only when it is sent: severity, host, since when."""


def rules_file(installation: Installation, area: ResolvedArea) -> str:
    """Return the area's rule file: what is evaluated often, then what is evaluated slowly."""
    timing = installation.timing
    rules = [rule for alert in area.own_alerts for rule in _alert_rules(installation, alert)]
    slow: list[dict[str, object]] = []
    for objective in area.objectives:
        rules += [_recording_rule(one) for one in objective.rules.fast_recordings]
        rules += [rule for one in objective.fast_alerts for rule in _alert_rules(installation, one.alert)]
        slow += [_recording_rule(one) for one in objective.rules.slow_recordings]
        slow += [rule for one in objective.slow_alerts for rule in _alert_rules(installation, one.alert)]
    groups = [_group(f"whatsapp-{area.name}", timing.evaluation_interval, rules)]
    if slow:
        groups.append(_group(f"whatsapp-{area.name}-slow", SLOW_INTERVAL, slow))
    document: dict[str, object] = {"groups": groups}
    return to_yaml(compressed(document, installation.overrides.time_compression))


def _group(name: str, interval: int, rules: list[dict[str, object]]) -> dict[str, object]:
    return {"name": name, "interval": format_duration(interval), "rules": rules}


def _recording_rule(recording: Recording) -> dict[str, object]:
    return {"record": recording.record, "expr": recording.expression, "labels": recording.labels}


def _alert_rules(installation: Installation, alert: ResolvedAlert) -> list[dict[str, object]]:
    """Return the alert's rule, and the one that tells the escalation contacts when it goes on."""
    rules = [_rule(installation, alert, alert.hold, alert.static_labels())]
    if alert.entry.escalate_after is not None:
        rules.append(
            _rule(installation, alert, alert.hold + alert.entry.escalate_after, alert.escalation_labels())
        )
    return rules


def _rule(
    installation: Installation, alert: ResolvedAlert, hold: int, labels: dict[str, str]
) -> dict[str, object]:
    rule: dict[str, object] = {"alert": alert.name, "expr": alert.condition}
    if hold:
        rule["for"] = format_duration(hold)
    if alert.entry.keep_firing_for:
        rule["keep_firing_for"] = format_duration(alert.entry.keep_firing_for)
    rule["labels"] = labels
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
    silence = silence_url(installation, alert)
    if silence is not None:
        written["silence_url"] = silence
    dashboard = installation.dashboard_url(alert)
    if dashboard is not None:
        written["dashboard_url"] = dashboard
    if any(channel.value == "sms" for channel in (*alert.channels, *alert.entry.escalate_to)):
        written["sms"] = sms_text(written["summary"], written["runbook_url"])
    return written


def sms_text(summary: str, runbook_url: str) -> str:
    """Return the part of a text message that is known beforehand.

    The runbook's address is left out when it does not fit whole: half an address is of no use.
    """
    text = transliterate(summary)
    with_address = f"{text} {transliterate(runbook_url)}"
    return with_address if len(with_address) + SMS_RESERVED <= MAX_SMS else text
