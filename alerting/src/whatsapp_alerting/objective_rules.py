"""From an objective to recording rules and alerts.

Recorded for each objective, with its labels and `objective`: the good and all events of five minutes, the
share of bad ones in each window, the events of each window, the target, and what is left of the budget.
Windows of more than an hour are averages of the five-minute figures, which read hundreds of samples where the
counters would need tens of thousands; a ratio of averages weighs every event the same.
"""

import math
from dataclasses import dataclass

from whatsapp_alerting.alert import Alert, Fault, Inhibition, Kind, Severity, Signal, Text
from whatsapp_alerting.burn_rates import BLIND_BELOW, WORKBOOK, BurnWindow
from whatsapp_alerting.catalog import Timing
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.objective import WINDOW, Companion, Objective

LABEL = "objective"
BASE = 300
"""Seconds of the recorded counts that the longer windows are made of."""
DIRECT_UP_TO = 3_600
"""Windows up to here are counted from the objective's own series."""
SLOW_INTERVAL = 60
"""Evaluation of the rules over more than an hour, seconds."""
FAST_HOLD = 30
SLOW_HOLD = 120


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule."""

    record: str
    expression: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class BurnAlert:
    """A derived alert and the window that it looks at."""

    alert: Alert
    long: int
    short: int


@dataclass(frozen=True, slots=True)
class ObjectiveRules:
    """What one objective compiles to, by the interval at which it is evaluated."""

    objective: Objective
    fast_recordings: tuple[Recording, ...]
    slow_recordings: tuple[Recording, ...]
    fast_alerts: tuple[BurnAlert, ...]
    slow_alerts: tuple[BurnAlert, ...]

    @property
    def alerts(self) -> tuple[BurnAlert, ...]:
        """All of them, the fastest first."""
        return (*self.fast_alerts, *self.slow_alerts)


class BlindObjectiveError(ValueError):
    """A burn rate that cannot fire."""


def window_name(seconds: int) -> str:
    """Write a window as in the names of the recorded series: `5m`, `1h`, `3d`."""
    days, rest = divmod(seconds, 86_400)
    return f"{days}d" if days and not rest else format_duration(seconds)


def ratio_series(window: int) -> str:
    """Return the name of the share of bad events in the window."""
    return f"objective:bad_events:ratio{window_name(window)}"


def count_series(window: int) -> str:
    """Return the name of the number of events in the window."""
    return f"objective:events:count{window_name(window)}"


def compile_objective(objective: Objective, timing: Timing) -> ObjectiveRules:
    """Derive rules and alerts. Raises BlindObjectiveError when no burn rate and no companion can fire."""
    period, target = objective.period, objective.target
    usable = [window for window in WORKBOOK if window.can_fire(target, period)]
    companion = objective.companion or (Companion() if target < BLIND_BELOW else None)
    if not usable and companion is None:
        raise BlindObjectiveError(f"no burn rate can fire at a target of {objective.target_percent:g} %")
    alerts = [_burn_alert(objective, window, timing, usable) for window in usable]
    if companion is not None:
        alerts.insert(0, _companion_alert(objective, companion, timing))
    fast = tuple(one for one in alerts if one.long <= DIRECT_UP_TO)
    slow = tuple(one for one in alerts if one.long > DIRECT_UP_TO)
    return ObjectiveRules(
        objective,
        tuple(_recordings(objective, {BASE, *_windows(fast)})),
        (*_recordings(objective, _windows(slow) - _windows(fast) - {BASE}), *_budget(objective)),
        fast,
        slow,
    )


def _windows(alerts: tuple[BurnAlert, ...]) -> set[int]:
    return {window for one in alerts for window in (one.long, one.short)}


def _recordings(objective: Objective, windows: set[int]) -> list[Recording]:
    labels = {LABEL: objective.name}
    found: list[Recording] = []
    for window in sorted(windows):
        if window <= DIRECT_UP_TO:
            good, total = _within(objective.good, window), _within(objective.total, window)
        else:
            good = _average("objective:good_events:count5m", objective.name, window)
            total = _average("objective:events:count5m", objective.name, window)
        if window == BASE:
            found.append(Recording("objective:good_events:count5m", good, labels))
        found.append(Recording(count_series(window), total, labels))
        # Extrapolation may make the good a little more than all.
        ratio = f"clamp_min(1 - (\n{_indented(good)}\n) / (\n{_indented(total)}\n), 0)"
        found.append(Recording(ratio_series(window), ratio, labels))
    return found


def _budget(objective: Objective) -> list[Recording]:
    labels = {LABEL: objective.name}
    period = objective.period
    good = _average("objective:good_events:count5m", objective.name, period)
    total = _average("objective:events:count5m", objective.name, period)
    ratio = f"clamp_min(1 - (\n{_indented(good)}\n) / (\n{_indented(total)}\n), 0)"
    selector = f'{{{LABEL}="{objective.name}"}}'
    allowed = _number(1 - objective.target)
    return [
        Recording(ratio_series(period), ratio, labels),
        Recording("objective:target:ratio", f"vector({_number(objective.target)})", labels),
        Recording(
            "objective:budget_remaining:ratio", f"1 - {ratio_series(period)}{selector} / {allowed}", labels
        ),
    ]


def _within(expression: str, window: int) -> str:
    return expression.replace(f"${{{WINDOW}}}", window_name(window)).strip()


def _average(series: str, name: str, window: int) -> str:
    """Return the events of the window as the average of five minutes times how many of those it has."""
    return f'avg_over_time({series}{{{LABEL}="{name}"}}[{window_name(window)}]) * {window // BASE}'


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _burn_alert(
    objective: Objective, window: BurnWindow, timing: Timing, usable: list[BurnWindow]
) -> BurnAlert:
    period, target = objective.period, objective.target
    name = _alert_name(objective, window)
    hold = FAST_HOLD if window.long <= DIRECT_UP_TO else SLOW_HOLD
    evaluation = timing.evaluation_interval if window.long <= DIRECT_UP_TO else SLOW_INTERVAL
    budget, long = f"{100 * window.budget:g}", window_name(window.long)
    # What burns the budget fast is not told again by the alerts that look at it slowly.
    faster = [one for one in usable if one.long < window.long]
    inhibited_by = [
        *objective.inhibited_by,
        *(Inhibition(alert=_alert_name(objective, one), equal=objective.identity) for one in faster),
    ]
    alert = _alert(
        objective,
        name=name,
        summary=Text(
            es=f"{objective.summary.es}: {budget} % del presupuesto en {long}",
            en=f"{objective.summary.en}: {budget} % of the budget in {long}",
        ),
        how=Text(
            es=f"En {long} falló el {{{{ humanizePercentage $value }}}}; a ese ritmo no alcanza el"
            f" presupuesto de errores de {window_name(period)}.",
            en=f"In {long}, {{{{ humanizePercentage $value }}}} failed; at that rate the error budget of"
            f" {window_name(period)} does not last.",
        ),
        long=window.long,
        short=window.short,
        thresholds={
            "error_ratio": round(window.error_ratio(target, period), 6),
            "minimum_events": window.minimum_events(target, period, objective.minimum_failures),
        },
        hold=hold,
        pages=window.pages,
        inhibited_by=inhibited_by,
        detection=_seen(window.detection(target, period), timing) + 2 * evaluation,
        timing=timing,
    )
    return BurnAlert(alert, window.long, window.short)


def _companion_alert(objective: Objective, companion: Companion, timing: Timing) -> BurnAlert:
    ratio = (
        companion.error_percent / 100
        if companion.error_percent is not None
        else min(0.5, round(4 * (1 - objective.target), 6))
    )
    window = window_name(companion.window)
    alert = _alert(
        objective,
        name=f"{objective.name}BelowTarget",
        summary=Text(
            es=f"{objective.summary.es}: muy por debajo del objetivo",
            en=f"{objective.summary.en}: far below its target",
        ),
        how=Text(
            es=f"En {window} falló el {{{{ humanizePercentage $value }}}}.",
            en=f"In {window}, {{{{ humanizePercentage $value }}}} failed.",
        ),
        long=companion.window,
        short=companion.window,
        thresholds={
            "error_ratio": ratio,
            "minimum_events": math.ceil(objective.minimum_failures / ratio),
        },
        hold=companion.hold,
        pages=True,
        inhibited_by=list(objective.inhibited_by),
        detection=_seen(math.ceil(ratio * companion.window), timing) + 2 * timing.evaluation_interval,
        timing=timing,
    )
    return BurnAlert(alert, companion.window, companion.window)


def _seen(detection: int, timing: Timing) -> int:
    """Return when a scrape has seen the bad events that it takes, one more than the threshold."""
    return (detection // timing.scrape_interval + 1) * timing.scrape_interval


def _alert_name(objective: Objective, window: BurnWindow) -> str:
    return f"{objective.name}Burn{window_name(window.long)}"


def _alert(
    objective: Objective,
    *,
    name: str,
    summary: Text,
    how: Text,
    long: int,
    short: int,
    thresholds: dict[str, float],
    hold: int,
    pages: bool,
    inhibited_by: list[Inhibition],
    detection: int,
    timing: Timing,
) -> Alert:
    selector = f'{{{LABEL}="{objective.name}"}}'
    parts = [f"{ratio_series(long)}{selector} > ${{error_ratio}}"]
    if short != long:
        parts.append(f"{ratio_series(short)}{selector} > ${{error_ratio}}")
    parts.append(f"{count_series(long)}{selector} >= ${{minimum_events}}")
    where = " ".join(f"{label} {{{{ $labels.{label} }}}}" for label in objective.identity)
    labels = {**objective.signal.labels, LABEL: objective.name}
    promise = detection + hold + timing.scrape_interval + timing.group_wait
    return Alert.model_validate(
        {
            "name": name,
            "summary": summary,
            "description": {
                "es": f"{objective.description.es} {how.es} ({where})",
                "en": f"{objective.description.en} {how.en} ({where})",
            },
            "value": "{{ humanizePercentage $value }}",
            "condition": "\nand\n".join(parts) + "\n",
            "thresholds": thresholds,
            "for": hold,
            "keep_firing_for": 2 * timing.evaluation_interval,
            "severity": Severity.CRITICAL if pages else Severity.WARNING,
            "cooldown": objective.page_cooldown if pages else objective.ticket_cooldown,
            "channels": objective.page_channels if pages else objective.ticket_channels,
            "kind": Kind.THRESHOLD,
            "may_wait": not pages,
            "identity": [*objective.identity, LABEL],
            "inhibited_by": inhibited_by,
            "detect_within": math.ceil(promise / 60) * 60,
            "runbook": objective.runbook,
            "dashboard": objective.dashboard,
            "signal": Signal(healthy={}, faults=[Fault(name="every event is bad", labels=labels, series={})]),
        }
    )
