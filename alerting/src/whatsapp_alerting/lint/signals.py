"""Faults of the series that the generated tests feed."""

from collections.abc import Iterator

from promql_parser import VectorSelector

from whatsapp_alerting.alert import Alert, Kind, SeriesValues, Signal
from whatsapp_alerting.lint.expressions import ExpressionLint
from whatsapp_alerting.lint.finding import Finding
from whatsapp_alerting.promql_tree import PromqlError, metric_name, parse
from whatsapp_alerting.samples import parse_level


def signal_values(signal: Signal) -> list[SeriesValues]:
    """Return the values in health, on the boundary and in each fault."""
    return [signal.healthy, *signal.boundary, *(fault.series for fault in signal.faults)]


def signal_findings(alert: Alert, expressions: ExpressionLint) -> Iterator[Finding]:
    """Check that the signal fits the kind, and each series of it."""
    derived = not alert.signal.healthy and alert.kind is Kind.THRESHOLD
    if alert.kind is Kind.THRESHOLD and not alert.thresholds:
        yield Finding("kind", "a threshold alert has at least one named threshold")
    if alert.kind is Kind.THRESHOLD and not alert.signal.boundary and not derived:
        yield Finding("signal", "a threshold alert says in boundary what is just not a fault")
    if (alert.kind is Kind.ALWAYS) != (not alert.signal.healthy) and not derived:
        yield Finding("signal", "healthy is empty for what always fires, and only for that")
    for fault in alert.signal.faults:
        if fault.labels.keys() != set(alert.identity):
            yield Finding("signal", f"the labels of the fault {fault.name!r} are not those of identity")
        for label, value in fault.labels.items():
            if "{{" in value or "$" in value:
                yield Finding("signal", f"the label {label} of the fault {fault.name!r} is not a value")
    written = [(series, level) for values in signal_values(alert.signal) for series, level in values.items()]
    for level in dict.fromkeys(level for _, level in written):
        try:
            parse_level(level, alert.thresholds)
        except KeyError:
            continue  # An unknown threshold, which the condition's check names.
        except ValueError as error:
            yield Finding("signal", str(error))
    for series in dict.fromkeys(series for series, _ in written):
        yield from (Finding("signal", fault) for fault in series_faults(series, expressions))


def series_faults(series: str, expressions: ExpressionLint) -> Iterator[str]:
    """Check that a test series is one, of a metric that exists."""
    try:
        tree = parse(series)
    except PromqlError as error:
        yield f"{series} is not a series: {error}"
        return
    name = metric_name(tree) if isinstance(tree, VectorSelector) else None
    if name is None:
        yield f"{series} is not a series"
        return
    yield from expressions.faults(tree)
