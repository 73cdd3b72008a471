"""`docs/alerts.md`: the catalogue as a page to read."""

from whatsapp_alerting.alert import Channel, Kind
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.objective_rules import window_name
from whatsapp_alerting.promql import format_number
from whatsapp_alerting.proofs import APPLIES, Proof
from whatsapp_alerting.resolution import Installation, ResolvedAlert, ResolvedArea

_HEAD = """# Alerts

Made by `whatsapp-alerting compile` from `alerting/catalog.yml`; changes go there.

| Alert | Severity | Channels | `for` | Cooldown | Detected within | Proved in |
|---|---|---|---|---|---|---|
"""

_RUNBOOKS = "../alerting/runbooks"
_TESTS = "../alerting/compiled/tests/rules"

_HOW = """
## How the promises are kept

- **Detected within** is the time from the fault to the first notification: a scrape, an evaluation, `for`,
  and Alertmanager's `group_wait`. The generated rule tests (`alerting/compiled/tests/`) prove it.
- **Rehearsed**: for every critical alert, and some others, a fault is caused on the lab and its messages
  are awaited there ([scripts/lab/faults](../scripts/lab/faults)): two in real time by `scripts/test`, all
  with every wait a tenth by `scripts/soak rehearsal`.
- **Cooldown** is the shortest time between two notifications of the same alert, also when it flaps. A
  resolution waits for the cooldown to end, too.
- **SMS** goes out for critical alerts only, without resolutions, in at most 160 characters of the GSM
  alphabet.
- **Inhibition**: while the first alert fires, the second is not notified, where the labels in brackets agree.
"""


def reference_page(installation: Installation) -> str:
    """Return the page."""
    rows = "".join(_row(area, alert) for area in installation.areas for alert in area.alerts)
    sections = "".join(_section(alert) for alert in installation.alerts)
    inhibitions = _inhibitions(installation)
    return "".join([_HEAD, rows, _HOW, inhibitions, _proofs(), _objectives(installation), sections])


def _proofs() -> str:
    """Return the table of what is proved of which kind of alert."""
    head = " | ".join(kind.value for kind in Kind)
    lines = [f"\n## What the generated tests show\n\n| | {head} |\n|---|{'---|' * len(Kind)}\n"]
    for proof in Proof:
        marks = " | ".join("yes" if proof in APPLIES[kind] else "-" for kind in Kind)
        lines.append(f"| {proof.value} | {marks} |\n")
    lines.append(
        f"\n- *{Proof.PROMISE.value}*: what the source itself takes is not Prometheus' time.\n"
        f"- *{Proof.ESCALATES.value}*: the alerts with escalation contacts, after `for` and their time, not"
        " before.\n"
    )
    return "".join(lines)


def _objectives(installation: Installation) -> str:
    objectives = [one.rules.objective for area in installation.areas for one in area.objectives]
    if not objectives:
        return ""
    lines = ["\n## Objectives\n\n| Objective | Target | Period | es | en |\n|---|---|---|---|---|\n"]
    for one in objectives:
        cells = [one.name, f"{one.target_percent:g} %", window_name(one.period)]
        cells += [one.description.es, one.description.en]
        lines.append(f"| {' | '.join(cells)} |\n")
    return "".join(lines)


def _row(area: ResolvedArea, alert: ResolvedAlert) -> str:
    channels = ", ".join(channel.value for channel in Channel if channel in alert.channels)
    cells = [
        f"[{alert.name}](#{alert.name.lower()})",
        alert.entry.severity.value,
        channels,
        format_duration(alert.hold),
        format_duration(alert.cooldown),
        format_duration(alert.detect_within),
        f"[{area.name}]({_TESTS}/{area.name}.test.yml)",
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
    if entry.escalate_after is not None:
        to = ", ".join(channel.value for channel in entry.escalate_to)
        lines.append(
            f"- After {format_duration(entry.escalate_after)} also to the escalation contacts ({to})"
        )
    if entry.may_wait:
        lines.append("- Waits for business hours, where an installation has them")
    if entry.keep_firing_for:
        lines.append(f"- Goes on for {format_duration(entry.keep_firing_for)} after the condition ends")
    lines += [
        f"- Runbook: [es]({_RUNBOOKS}/es/{entry.runbook}), [en]({_RUNBOOKS}/en/{entry.runbook})",
        f"\n```promql\n{alert.condition}\n```",
    ]
    return "\n".join(lines) + "\n"
