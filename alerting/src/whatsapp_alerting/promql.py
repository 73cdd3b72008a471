"""Reading PromQL conditions: thresholds put in, names and ranges taken out."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from promql_parser import Call, MatrixSelector, SubqueryExpr, VectorSelector

from whatsapp_alerting.promql_tree import PromqlError, metric_name, nodes, parse

__all__ = ["Expression", "PromqlError", "fill", "format_number", "metric_names", "placeholders", "read"]

NEWEST = "last_over_time"
"""Looks back for a sample, and smooths nothing."""

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


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
    metrics: set[str] = set()
    ranges: list[int] = []
    newest_only: list[int] = []
    for node in nodes(parse(condition)):
        if isinstance(node, VectorSelector):
            name = metric_name(node)
            metrics |= {name} if name else set()
        elif isinstance(node, MatrixSelector | SubqueryExpr) and node.range:
            ranges.append(int(node.range.total_seconds()))
        elif isinstance(node, Call) and node.func.name == NEWEST:
            newest_only += [
                int(argument.range.total_seconds())
                for argument in node.args
                if isinstance(argument, MatrixSelector | SubqueryExpr) and argument.range
            ]
    smoothing = Counter(ranges) - Counter(newest_only)
    return Expression(frozenset(metrics), tuple(ranges), tuple(smoothing.elements()))


def metric_names(conditions: Iterable[str]) -> set[str]:
    """Return every metric name that the conditions read."""
    return set().union(*(read(condition).metrics for condition in conditions))
