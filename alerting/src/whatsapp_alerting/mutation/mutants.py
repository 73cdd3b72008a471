"""The changes that are made to a rule: comparisons turned round, thresholds far off, waits doubled."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass

from promql_parser import BinaryExpr

from whatsapp_alerting.promql import fill
from whatsapp_alerting.promql_tree import literal, nodes, operator, parse
from whatsapp_alerting.resolution import ResolvedAlert

NEGATED = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}
FAR_OFF = 10
"""Factor by which a threshold is changed."""

# A string, a comment and a selector's braces are passed over; what is left are the comparisons.
_TOKEN = re.compile(
    r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\#[^\n]*|(?P<open>\{)|(?P<close>\})|(?P<operator>[=!<>]=|[<>])"""
)
_MARKER = 987_654_321.0
"""Stands for one threshold while it is looked for in the parsed condition."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one change."""

    original: ResolvedAlert
    change: str
    """What was done; names the mutant among those of its rule."""
    mutated: ResolvedAlert

    @property
    def name(self) -> str:
        """Rule and change."""
        return f"{self.original.name}: {self.change}"


def mutants(alert: ResolvedAlert) -> Iterator[Mutant]:
    """Return every mutant of a rule that differs from it."""
    for change, condition in (*_negated(alert.condition), *_far_off(alert)):
        if condition != alert.condition:
            yield Mutant(alert, change, dataclasses.replace(alert, condition=condition))
    if alert.hold:
        yield Mutant(alert, "for is doubled", dataclasses.replace(alert, hold=2 * alert.hold))
    if alert.entry.escalate_after is not None:
        later = alert.entry.model_copy(update={"escalate_after": 2 * alert.entry.escalate_after})
        yield Mutant(alert, "escalate_after is doubled", dataclasses.replace(alert, entry=later))


def _negated(condition: str) -> Iterator[tuple[str, str]]:
    depth, number = 0, 0
    for token in _TOKEN.finditer(condition):
        depth += (token["open"] is not None) - (token["close"] is not None)
        old = token["operator"]
        if old is not None and depth == 0:
            number += 1
            new = NEGATED[old]
            yield (
                f"{old} of comparison {number} becomes {new}",
                f"{condition[: token.start()]}{new}{condition[token.end() :]}",
            )


def _far_off(alert: ResolvedAlert) -> Iterator[tuple[str, str]]:
    for name, value in alert.thresholds.items():
        yield f"{name} is {FAR_OFF} times as much", _with(alert, name, value * FAR_OFF)
        if _is_lower_bound(alert, name):
            yield f"{name} is a {FAR_OFF}th", _with(alert, name, value / FAR_OFF)


def _with(alert: ResolvedAlert, name: str, value: float) -> str:
    return fill(alert.entry.condition, {**alert.thresholds, name: value}).rstrip("\n")


def _is_lower_bound(alert: ResolvedAlert, name: str) -> bool:
    """Say whether the alert fires when something is less than the threshold."""
    for node in nodes(parse(_with(alert, name, _MARKER))):
        if isinstance(node, BinaryExpr):
            if operator(node) in {"<", "<="} and literal(node.rhs) == _MARKER:
                return True
            if operator(node) in {">", ">="} and literal(node.lhs) == _MARKER:
                return True
    return False
