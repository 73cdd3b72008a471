"""Which labels the result of an expression has, and where both sides of an operator can never match.

What is not known stays open: a series that is read as it is may have any label of its target.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from promql_parser import (
    AggModifierType,
    AggregateExpr,
    BinaryExpr,
    BinModifier,
    Call,
    Expr,
    LabelModifierType,
    MatchOp,
    MatrixSelector,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorMatchCardinality,
    VectorSelector,
)

from whatsapp_alerting.metric_names import BUCKET_LABEL
from whatsapp_alerting.promql_tree import (
    NAME,
    is_scalar,
    metric_name,
    nodes,
    operator,
    text,
    vector_arguments,
)

WITHOUT_TARGET = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
OF_TARGETS = frozenset({"job", "instance"})
"""What every series that is scraped has."""

_KEEPS_LABELS = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a vector's series, the metric's name aside."""

    possible: frozenset[str] | None
    """All that there can be; None: any."""
    certain: frozenset[str] = frozenset()
    """Those that every series has."""
    gone: frozenset[str] = frozenset()
    """Those that no series has, when any other is possible."""

    def can_have(self, label: str) -> bool:
        """Say whether some series may have the label."""
        return label not in self.gone if self.possible is None else label in self.possible

    def only(self, labels: Iterable[str]) -> "Labels":
        """Keep these labels, where they are."""
        kept = frozenset(label for label in labels if self.can_have(label))
        return Labels(kept, self.certain & kept)

    def without(self, labels: Iterable[str]) -> "Labels":
        """Take these labels away."""
        taken = frozenset(labels)
        if self.possible is None:
            return Labels(None, self.certain - taken, self.gone | taken)
        return Labels(self.possible - taken, self.certain - taken)

    def adding(self, label: str, *, certain: bool) -> "Labels":
        """Write a label, over one that there may be."""
        possible = None if self.possible is None else self.possible | {label}
        with_it = self.certain | {label} if certain else self.certain
        return Labels(possible, with_it, self.gone - {label})

    def matching(self, other: "Labels") -> "Labels":
        """Return those of series that have all labels in common with the other side's."""
        certain = self.certain | other.certain
        if self.possible is None or other.possible is None:
            open_side = self if self.possible is None else other
            possible = other.possible if self.possible is None else self.possible
            if possible is None:
                return Labels(None, certain, self.gone | other.gone)
            kept = frozenset(label for label in possible if open_side.can_have(label))
            return Labels(kept, certain & kept)
        return Labels(self.possible & other.possible, certain & self.possible & other.possible)

    def or_else(self, other: "Labels") -> "Labels":
        """Return those of series that come from either side."""
        certain = self.certain & other.certain
        if self.possible is None or other.possible is None:
            candidates = self.gone | other.gone
            gone = {label for label in candidates if not self.can_have(label) and not other.can_have(label)}
            return Labels(None, certain, frozenset(gone))
        return Labels(self.possible | other.possible, certain)


NONE = Labels(frozenset())
Recorded = Callable[[VectorSelector], Labels | None]
"""Tells the labels of series that the compiler records; None for any other."""


def nothing_recorded(_selector: VectorSelector) -> Labels | None:
    """Know of no recorded series."""
    return None


def output_labels(node: Expr, recorded: Recorded = nothing_recorded) -> Labels:
    """Return the labels of the expression's result; a number has none."""
    found = Labels(None)
    match node:
        case _ if is_scalar(node):
            found = NONE
        case VectorSelector():
            found = recorded(node) or _selected(node)
        case MatrixSelector():
            found = output_labels(node.vector_selector, recorded)
        case ParenExpr() | UnaryExpr() | SubqueryExpr():
            found = output_labels(node.expr, recorded)
        case AggregateExpr():
            found = _aggregated(node, output_labels(node.expr, recorded))
        case Call():
            found = _called(node, recorded)
        case BinaryExpr():
            found = _combined(node, recorded)
        case _:
            pass
    return found


def mismatches(node: Expr, recorded: Recorded = nothing_recorded) -> Iterator[str]:
    """Say of each operator whose sides can never match why not."""
    for one in nodes(node):
        if isinstance(one, BinaryExpr) and not is_scalar(one.lhs) and not is_scalar(one.rhs):
            left, right = output_labels(one.lhs, recorded), output_labels(one.rhs, recorded)
            reason = _mismatch(one, left, right)
            if reason is not None:
                yield reason


def _selected(selector: VectorSelector) -> Labels:
    matchers = [one for one in selector.matchers.matchers if one.name != NAME and one.op == MatchOp.Equal]
    of_target = frozenset() if metric_name(selector) in WITHOUT_TARGET else OF_TARGETS
    empty = {one.name for one in matchers if not one.value}
    present = {one.name for one in matchers if one.value}
    return Labels(None, (of_target | present) - empty, frozenset(empty))


def _aggregated(node: AggregateExpr, inner: Labels) -> Labels:
    kind = operator(node)
    modifier = node.modifier
    if kind in _KEEPS_LABELS:
        return inner
    if modifier is None:
        grouped = NONE
    elif modifier.type == AggModifierType.By:
        grouped = inner.only(modifier.labels)
    else:
        grouped = inner.without(modifier.labels)
    if kind == "count_values" and isinstance(node.param, Expr):
        grouped = grouped.adding(text(node.param), certain=True)
    return grouped


def _called(call: Call, recorded: Recorded) -> Labels:
    name = call.func.name
    arguments = vector_arguments(call)
    if name == "vector" or not arguments:
        return NONE
    inner = output_labels(arguments[-1], recorded)
    match name:
        case "absent" | "absent_over_time":
            return _of_the_absent(arguments[0])
        case "label_replace":
            return _replaced(inner, *(text(argument) for argument in call.args[1:5]))
        case "label_join":
            sources = [text(argument) for argument in call.args[3:]]
            return inner.adding(text(call.args[1]), certain=any(one in inner.certain for one in sources))
        case "histogram_quantile" | "histogram_fraction":
            return inner.without({BUCKET_LABEL})
        case _:
            return inner


def _of_the_absent(argument: Expr) -> Labels:
    """Prometheus gives the result the labels that the selector asks to be equal to something."""
    inner = argument
    while isinstance(inner, ParenExpr | MatrixSelector):
        inner = inner.expr if isinstance(inner, ParenExpr) else inner.vector_selector
    if not isinstance(inner, VectorSelector):
        return NONE
    equal = [one for one in inner.matchers.matchers if one.op == MatchOp.Equal and one.name != NAME]
    names = frozenset(one.name for one in equal if one.value)
    return Labels(names, names)


def _replaced(inner: Labels, target: str, replacement: str, source: str, pattern: str) -> Labels:
    always = _matches_always(pattern, has_source=source in inner.certain)
    if not replacement:
        return inner.without({target}) if always else replace(inner, certain=inner.certain - {target})
    constant = "$" not in replacement
    return inner.adding(target, certain=constant and (always or target in inner.certain))


def _matches_always(pattern: str, *, has_source: bool) -> bool:
    if pattern in {".*", "(.*)"} or (pattern in {".+", "(.+)"} and has_source):
        return True
    return not pattern and not has_source


def _combined(node: BinaryExpr, recorded: Recorded) -> Labels:
    left, right = output_labels(node.lhs, recorded), output_labels(node.rhs, recorded)
    kind = operator(node)
    if is_scalar(node.lhs):
        return right
    matching = None if node.modifier is None else node.modifier.matching
    if kind == "and" and matching is None:
        return left.matching(right)
    if is_scalar(node.rhs) or kind in {"and", "unless"}:
        return left
    return left.or_else(right) if kind == "or" else _matched(node.modifier, left, right)


def _matched(modifier: BinModifier | None, left: Labels, right: Labels) -> Labels:
    """Return the labels of what arithmetic and comparisons of two vectors give."""
    if modifier is not None and modifier.card == VectorMatchCardinality.ManyToOne:
        return _grouped(left, right, modifier.group_labels or [])
    if modifier is not None and modifier.card == VectorMatchCardinality.OneToMany:
        return _grouped(right, left, modifier.group_labels or [])
    matching = None if modifier is None else modifier.matching
    if matching is None:
        return left.matching(right)
    if matching.type == LabelModifierType.Include:
        return left.only(matching.labels).matching(right.only(matching.labels))
    return left.without(matching.labels).matching(right.without(matching.labels))


def _grouped(many: Labels, one: Labels, taken: Iterable[str]) -> Labels:
    for label in taken:
        if one.can_have(label):
            many = many.adding(label, certain=label in one.certain)
        else:
            many = many.without({label})
    return many


def _mismatch(node: BinaryExpr, left: Labels, right: Labels) -> str | None:
    kind = operator(node)
    if kind == "or":
        return None
    matching = None if node.modifier is None else node.modifier.matching
    if matching is not None and matching.type == LabelModifierType.Include:
        lacking = [label for label in matching.labels if left.can_have(label) != right.can_have(label)]
        return f"{kind} matches on {lacking[0]}, which one of its sides does not have" if lacking else None
    ignored = frozenset() if matching is None else frozenset(matching.labels)
    left, right = left.without(ignored), right.without(ignored)
    named = left.certain | right.certain | (left.possible or frozenset()) | (right.possible or frozenset())
    differing = sorted(label for label in named if _one_side_only(label, left, right))
    if not differing:
        return None
    return (
        f"the sides of {kind} never match: only one of them has {', '.join(differing)};"
        " aggregate both alike, or match with on or ignoring"
    )


def _one_side_only(label: str, left: Labels, right: Labels) -> bool:
    if left.can_have(label) == right.can_have(label):
        return False
    having = left if left.can_have(label) else right
    # A label that was asked for by name is meant to be there; of an open side only what is certain counts.
    return label in having.certain or having.possible is not None
