"""Reading PromQL conditions: thresholds put in, names and ranges taken out."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import promql_parser

NEWEST = "last_over_time"
"""Looks back for a sample, and smooths nothing."""

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class PromqlError(ValueError):
    """An expression is not PromQL."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What a condition reads."""

    metrics: frozenset[str]
    ranges: tuple[int, ...]
    """Range and subquery windows, seconds."""
    smoothing: tuple[int, ...]
    """Those in which more than the newest sample counts."""


def placeholders(text: str) -> set[str]:
    """Return the names written as `${name}`."""
    return set(_PLACEHOLDER.findall(text))


def fill(text: str, thresholds: Mapping[str, float]) -> str:
    """Return `text` with each `${name}` replaced by its threshold.

    Raises:
        KeyError: a name has no threshold.
    """
    return _PLACEHOLDER.sub(lambda match: format_number(thresholds[match[1]]), text)


def format_number(number: float) -> str:
    """Write whole numbers without a fraction, so that `5.0` reads `5`."""
    return str(int(number)) if number == int(number) else repr(number)


def read(condition: str) -> Expression:
    """Parse a condition whose thresholds are filled in.

    Raises:
        PromqlError: it is not PromQL.
    """
    try:
        tree = promql_parser.parse(condition)
    except ValueError as error:
        raise PromqlError(str(error)) from error
    visitor = _Visitor()
    promql_parser.walk(tree, visitor.visit)
    smoothing = Counter(visitor.ranges) - Counter(visitor.newest_only)
    return Expression(frozenset(visitor.metrics), tuple(visitor.ranges), tuple(smoothing.elements()))


def metric_names(conditions: Iterable[str]) -> set[str]:
    """Return every metric name that the conditions read."""
    return set().union(*(read(condition).metrics for condition in conditions))


class _Visitor:
    def __init__(self) -> None:
        self.metrics: set[str] = set()
        self.ranges: list[int] = []
        self.newest_only: list[int] = []

    def visit(self, node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            self.metrics.add(node.name)
        elif isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr) and node.range:
            self.ranges.append(int(node.range.total_seconds()))
        elif isinstance(node, promql_parser.Call) and node.func.name == NEWEST:
            self.newest_only += [
                int(argument.range.total_seconds())
                for argument in node.args
                if isinstance(argument, promql_parser.MatrixSelector | promql_parser.SubqueryExpr)
                and argument.range
            ]
        return True
