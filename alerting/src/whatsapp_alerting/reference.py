"""`docs/alerts.md`: the catalogue as a page to read."""

from whatsapp_alerting.catalog import Channel
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.promql import format_number
from whatsapp_alerting.resolution import Installation, ResolvedAlert

_HEAD = """# Alerts

Made by `whatsapp-alerting compile` from `alerting/catalog.yml`; changes go there.

| Alert | Severity | Channels | `for` | Cooldown | Detected within |
|---|---|---|---|---|---|
"""

_RUNBOOKS = "../alerting/runbooks"

_HOW = """
## How the promises are kept

- **Detected within** is the time from the fault to the first notification: a scrape, an evaluation, `for`,
  and Alertmanager's `group_wait`. The generated rule tests (`alerting/compiled/tests/`) prove it.
- **Cooldown** is the shortest time between two notifications of the same alert, also when it flaps. A
  resolution waits for the cooldown to end, too.
- **SMS** goes out for critical alerts only, without resolutions, in at most 160 characters of the GSM
  alphabet.
- **Inhibition**: while the first alert fires, the second is not notified, where the labels in brackets agree.
"""


def reference_page(installation: Installation) -> str:
    """Return the page."""
    rows = "".join(_row(alert) for alert in installation.alerts)
    sections = "".join(_section(alert) for alert in installation.alerts)
    return _HEAD + rows + _HOW + _inhibitions(installation) + sections


def _row(alert: ResolvedAlert) -> str:
    channels = ", ".join(channel.value for channel in Channel if channel in alert.channels)
    cells = [
        f"[{alert.name}](#{alert.name.lower()})",
        alert.entry.severity.value,
        channels,
        format_duration(alert.hold),
        format_duration(alert.cooldown),
        format_duration(alert.detect_within),
    ]
    return f"| {' | '.join(cells)} |\n"


def _inhibitions(installation: Installation) -> str:
    lines = [
        f"  - {_side(inhibition.alert, inhibition.source_labels)}"
        f" → {_side(alert.name, inhibition.target_labels)} [{', '.join(inhibition.equal)}]\n"
        for alert in installation.alerts
        for inhibition in alert.entry.inhibited_by
    ]
    return "".join(lines)


def _side(name: str, labels: dict[str, str]) -> str:
    narrowed = ", ".join(f"{label}={value}" for label, value in labels.items())
    return f"{name} ({narrowed})" if narrowed else name


def _section(alert: ResolvedAlert) -> str:
    entry = alert.entry
    thresholds = ", ".join(f"`{name}` = {format_number(value)}" for name, value in alert.thresholds.items())
    lines = [
        f"\n## {alert.name}\n",
        f"- es: {entry.summary.es}",
        f"- en: {entry.summary.en}",
        f"- Labels: {', '.join(f'`{label}`' for label in entry.identity) or 'none'}",
    ]
    if thresholds:
        lines.append(f"- Thresholds: {thresholds}")
    if entry.keep_firing_for:
        lines.append(f"- Goes on for {format_duration(entry.keep_firing_for)} after the condition ends")
    lines += [
        f"- Runbook: [es]({_RUNBOOKS}/es/{entry.runbook}), [en]({_RUNBOOKS}/en/{entry.runbook})",
        f"\n```promql\n{alert.condition}\n```",
    ]
    return "\n".join(lines) + "\n"
