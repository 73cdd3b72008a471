"""Faults of who is told."""

from collections.abc import Iterator, Sequence

from whatsapp_alerting.alert import Alert, Channel, Severity
from whatsapp_alerting.lint.finding import Finding


def channel_findings(alert: Alert) -> Iterator[Finding]:
    """Check channels, escalation and whether the alert may wait."""
    if (alert.escalate_after is None) != (not alert.escalate_to):
        yield Finding("escalate_to", "escalate_after and escalate_to go together")
    if Channel.HEARTBEAT in alert.escalate_to:
        yield Finding("escalate_to", "the heartbeat is nobody to escalate to")
    if alert.may_wait and alert.severity is Severity.CRITICAL:
        yield Finding("may_wait", "a critical alert cannot wait")
    yield from sms_findings(alert.channels, alert.severity)


def sms_findings(channels: Sequence[Channel], severity: Severity) -> Iterator[Finding]:
    """Check that text messages are kept for what cannot wait."""
    if Channel.SMS in channels and severity is not Severity.CRITICAL:
        yield Finding("channels", "sms is for critical alerts only")
