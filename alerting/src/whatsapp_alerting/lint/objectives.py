"""Faults of objectives: their two counts."""

from collections.abc import Iterator

from whatsapp_alerting.lint.expressions import ExpressionLint
from whatsapp_alerting.lint.finding import Finding
from whatsapp_alerting.lint.signals import series_faults
from whatsapp_alerting.objective import WINDOW, Objective
from whatsapp_alerting.output_labels import output_labels
from whatsapp_alerting.promql_tree import PromqlError, parse

_SOME_WINDOW = "1h"


def objective_findings(objective: Objective, expressions: ExpressionLint) -> Iterator[Finding]:
    """Check what is counted, and that both counts have exactly the labels of identity."""
    for field in ("good", "total"):
        try:
            tree = parse(getattr(objective, field).replace(f"${{{WINDOW}}}", _SOME_WINDOW))
        except PromqlError as error:
            yield Finding(field, f"is not PromQL: {error}")
            continue
        faults = list(expressions.faults(tree))
        yield from (Finding(field, fault) for fault in faults)
        found = output_labels(tree, expressions.recorded.labels).possible
        if not faults and found != frozenset(objective.identity):
            has = "unknown labels" if found is None else ", ".join(sorted(found)) or "no labels"
            yield Finding(field, f"has {has}, and identity names {', '.join(sorted(objective.identity))}")
    for series in objective.signal.series:
        yield from (Finding("signal", fault) for fault in series_faults(series, expressions))
