"""Faults of durations: waits, promises and cooldowns.

A cooldown may be longer than `escalate_after`: the escalation is a rule and a route of its own, which the
cooldown of the first notification does not hold back.
"""

from collections.abc import Iterator

from whatsapp_alerting.alert import Alert, Channel
from whatsapp_alerting.catalog import Timing
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.lint.finding import Finding

EVALUATIONS_IN_HOLD = 2
MAX_RETENTION = 120 * 3600
"""Alertmanager's default `--data.retention`, seconds: longer cooldowns would be forgotten."""


def duration_findings(alert: Alert, timing: Timing) -> Iterator[Finding]:
    """Check an entry's durations against each other and the clock of the catalogue."""
    if alert.channels != [Channel.HEARTBEAT]:
        yield from hold_findings(alert.hold, timing)
    least = timing.scrape_interval + 2 * timing.evaluation_interval + alert.hold + timing.group_wait
    parts = "scrape, evaluation, for and group_wait"
    if alert.source_interval:
        least += alert.source_interval
        parts = f"source_interval, {parts}"
    if alert.detect_within < least:
        yield Finding("detect_within", f"cannot be held: {parts} add up to {format_duration(least)}")
    yield from cooldown_findings(alert.cooldown, alert)


def hold_findings(seconds: int, timing: Timing) -> Iterator[Finding]:
    """Check `for`."""
    least = EVALUATIONS_IN_HOLD * timing.evaluation_interval
    if seconds < least:
        yield Finding("for", f"is shorter than {EVALUATIONS_IN_HOLD} evaluations ({format_duration(least)})")


def cooldown_findings(seconds: int, alert: Alert) -> Iterator[Finding]:
    """Check a cooldown of the alert."""
    if not 60 <= seconds <= MAX_RETENTION:
        yield Finding("cooldown", f"must be from 1m to {format_duration(MAX_RETENTION)}")
    if alert.keep_firing_for is not None and alert.keep_firing_for > seconds:
        yield Finding(
            "keep_firing_for",
            f"is longer than the cooldown ({format_duration(seconds)}): what is over would be told again",
        )
