"""Between which bounds an expression's values are, as far as the metrics' units tell."""

import math
from dataclasses import dataclass

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from whatsapp_alerting.metric_names import MetricNames, MetricType
from whatsapp_alerting.promql_tree import (
    COMPARISONS,
    is_scalar,
    literal,
    metric_name,
    operator,
    vector_arguments,
)

_UNITS = {"boolean": (0.0, 1.0), "info": (1.0, 1.0), "ratio": (0.0, 1.0), "percent": (0.0, 100.0)}
_KEEP = frozenset({"max", "min", "avg", "quantile", "topk", "bottomk"})
_KEEP_CALLS = frozenset(
    {
        "last_over_time",
        "max_over_time",
        "min_over_time",
        "avg_over_time",
        "quantile_over_time",
        "sort",
        "sort_desc",
        "label_replace",
        "label_join",
    }
)
_COUNTING_CALLS = frozenset(
    {
        "rate",
        "irate",
        "increase",
        "changes",
        "resets",
        "count_over_time",
        "stddev_over_time",
        "stdvar_over_time",
    }
)


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers from `low` to `high`."""

    low: float
    high: float

    def widened(self, other: "Range") -> "Range":
        """Return the range of both."""
        return Range(min(self.low, other.low), max(self.high, other.high))


ANY = Range(-math.inf, math.inf)
NOT_NEGATIVE = Range(0.0, math.inf)


def value_range(node: Expr, names: MetricNames) -> Range:
    """Return the range of the expression's values; ANY when nothing is known."""
    found = ANY
    match node:
        case NumberLiteral():
            found = Range(node.val, node.val)
        case VectorSelector():
            found = _of_metric(metric_name(node), names)
        case MatrixSelector():
            found = value_range(node.vector_selector, names)
        case ParenExpr() | SubqueryExpr():
            found = value_range(node.expr, names)
        case UnaryExpr():
            inner = value_range(node.expr, names)
            found = Range(-inner.high, -inner.low)
        case AggregateExpr():
            found = _aggregated(operator(node), value_range(node.expr, names))
        case Call():
            found = _called(node, names)
        case BinaryExpr():
            found = _combined(node, names)
        case _:
            pass
    return found


def never_holds(node: BinaryExpr, names: MetricNames) -> bool:
    """Say whether a comparison is false whatever the series are."""
    left, right = value_range(node.lhs, names), value_range(node.rhs, names)
    return {
        ">": left.high <= right.low,
        ">=": left.high < right.low,
        "<": left.low >= right.high,
        "<=": left.low > right.high,
        "==": left.high < right.low or left.low > right.high,
        "!=": left.low == left.high == right.low == right.high,
    }[operator(node)]


def _of_metric(name: str | None, names: MetricNames) -> Range:
    metric = names.series(name) if name is not None else None
    if metric is None:
        return ANY
    if metric.type is MetricType.COUNTER:
        return NOT_NEGATIVE
    return Range(*_UNITS[metric.unit]) if metric.unit in _UNITS else ANY


def _aggregated(kind: str, inner: Range) -> Range:
    if kind in _KEEP:
        return inner
    if kind == "sum":
        return NOT_NEGATIVE if inner.low >= 0 else ANY
    return NOT_NEGATIVE if kind in {"count", "group", "stddev", "stdvar"} else ANY


def _called(call: Call, names: MetricNames) -> Range:
    name = call.func.name
    arguments = vector_arguments(call)
    if name == "vector":
        return value_range(call.args[0], names)
    inner = value_range(arguments[-1], names) if arguments else ANY
    if name in _COUNTING_CALLS or (name == "sum_over_time" and inner.low >= 0):
        return NOT_NEGATIVE
    if name in {"clamp_min", "clamp_max"}:
        return _clamped(name, inner, literal(call.args[1]))
    return inner if name in _KEEP_CALLS else ANY


def _clamped(name: str, inner: Range, bound: float | None) -> Range:
    if bound is None:
        return ANY
    limit = max if name == "clamp_min" else min
    return Range(limit(inner.low, bound), limit(inner.high, bound))


def _combined(node: BinaryExpr, names: MetricNames) -> Range:
    kind = operator(node)
    left, right = value_range(node.lhs, names), value_range(node.rhs, names)
    if kind in COMPARISONS:
        if node.modifier is not None and node.modifier.return_bool:
            return Range(0.0, 1.0)
        return right if is_scalar(node.lhs) else left
    match kind:
        case "and" | "unless":
            found = left
        case "or":
            found = left.widened(right)
        case "+":
            found = Range(left.low + right.low, left.high + right.high)
        case "-":
            found = Range(left.low - right.high, left.high - right.low)
        case "*":
            found = _product(left, right)
        case "/":
            found = _quotient(left, right)
        case _:
            found = ANY
    return found


def _product(left: Range, right: Range) -> Range:
    corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    # Nought times infinity is not a number; with it nothing but the sign is known.
    if any(math.isnan(corner) for corner in corners):
        return NOT_NEGATIVE if left.low >= 0 and right.low >= 0 else ANY
    return Range(min(corners), max(corners))


def _quotient(left: Range, right: Range) -> Range:
    if right.low == right.high and right.low != 0:
        return _product(left, Range(1 / right.low, 1 / right.low))
    return NOT_NEGATIVE if left.low >= 0 and right.low >= 0 else ANY
