"""Faults of conditions: thresholds, comparisons, the labels of the result, and what could never fire."""

import re
from collections.abc import Generator, Iterator

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from whatsapp_alerting.alert import Alert, Kind
from whatsapp_alerting.lint.expressions import ExpressionLint
from whatsapp_alerting.lint.finding import Finding
from whatsapp_alerting.lint.signals import signal_values
from whatsapp_alerting.metric_names import MetricNames
from whatsapp_alerting.output_labels import Recorded, output_labels
from whatsapp_alerting.promql import fill, placeholders
from whatsapp_alerting.promql_tree import (
    COMPARISONS,
    PromqlError,
    children,
    is_comparison,
    is_scalar,
    literal,
    nodes,
    operator,
    parse,
)
from whatsapp_alerting.value_range import never_holds

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_STATES = frozenset({0.0, 1.0})
_ABSENCE = frozenset({"absent", "absent_over_time"})
_CLOCK = frozenset({"time", "hour", "minute", "month", "year", "day_of_week", "day_of_month", "day_of_year"})


def condition_findings(alert: Alert, expressions: ExpressionLint) -> Iterator[Finding]:
    """Check the condition, with the catalogue's own thresholds."""
    unknown = yield from _thresholds(alert)
    if unknown:
        return
    try:
        tree = parse(fill(alert.condition, alert.thresholds))
    except PromqlError as error:
        yield Finding("condition", f"is not PromQL: {error}")
        return
    faults = list(expressions.faults(tree))
    yield from (Finding("condition", fault) for fault in faults)
    if alert.kind not in {Kind.ALWAYS, Kind.ABSENCE} and not filters(tree):
        yield Finding("condition", "compares nothing, so it fires for every series that there is")
    yield from (Finding("condition", fault) for fault in comparison_faults(tree, expressions.metrics))
    if not faults:
        yield from _result_labels(alert, tree, expressions.recorded.labels)


def _thresholds(alert: Alert) -> Generator[Finding, None, list[str]]:
    texts = [alert.condition, alert.description.es, alert.description.en]
    texts += [value for values in signal_values(alert.signal) for value in values.values()]
    unknown = sorted(set().union(*(placeholders(text) for text in texts)) - alert.thresholds.keys())
    for name in unknown:
        yield Finding("thresholds", f"${{{name}}} is used and not defined")
    for name in sorted(alert.thresholds.keys() - placeholders(alert.condition)):
        yield Finding("thresholds", f"{name} is defined and not used in the condition")
    for quoted in _STRING.findall(alert.condition):
        for name in sorted(placeholders(quoted)):
            yield Finding("condition", f"${{{name}}} stands in a string, where a number means nothing")
    return unknown


def filters(node: Expr) -> bool:
    """Say whether the expression leaves series out by what they are, so that it can also be empty."""
    match node:
        case ParenExpr() | UnaryExpr() | SubqueryExpr() | AggregateExpr():
            return filters(node.expr)
        case Call():
            return node.func.name in _ABSENCE or any(filters(one) for one in node.args)
        case BinaryExpr():
            if is_comparison(node) or operator(node) == "unless":
                return True
            sides = [filters(side) for side in children(node)]
            return all(sides) if operator(node) == "or" else any(sides)
        case _:
            return False


def comparison_faults(tree: Expr, metrics: MetricNames) -> Iterator[str]:
    """Return the comparisons that are never true, and those that ask floats to be equal."""
    for node in nodes(tree):
        if not isinstance(node, BinaryExpr) or operator(node) not in COMPARISONS:
            continue
        kind = operator(node)
        numbers = [literal(side) for side in children(node)]
        if kind in {"==", "!="} and any(number is not None and number not in _STATES for number in numbers):
            yield f"{kind} with a number that is not a state (0 or 1): a measured value is rarely equal to it"
        if not any(_varies(one) for one in nodes(node)):
            yield f"{node.prettify()} compares constants"
        elif never_holds(node, metrics):
            yield f"{_short(node)} is never true: the values cannot go that far"


def _varies(node: Expr) -> bool:
    return isinstance(node, VectorSelector) or (isinstance(node, Call) and node.func.name in _CLOCK)


def _short(node: BinaryExpr) -> str:
    """Write a comparison without the expression that is compared, which may be long."""
    left, right = (side.prettify() if is_scalar(side) else "..." for side in children(node))
    return f"{left} {operator(node)} {right}"


def _result_labels(alert: Alert, tree: Expr, recorded: Recorded) -> Iterator[Finding]:
    labels = output_labels(tree, recorded)
    identity = set(alert.identity)
    for label in sorted(identity):
        if not labels.can_have(label):
            yield Finding("identity", f"names {label}, which the result of the condition does not have")
    if labels.possible is None:
        yield Finding("condition", "its result has unknown labels: aggregate it by those of identity")
        return
    for label in sorted(labels.possible - identity):
        yield Finding("identity", f"does not name {label}, which the result of the condition has")
