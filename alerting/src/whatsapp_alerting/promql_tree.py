"""The tree of a parsed expression: what is below a node, and what the nodes say."""

from collections.abc import Iterator

import promql_parser
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatchOp,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    StringLiteral,
    SubqueryExpr,
    UnaryExpr,
    ValueType,
    VectorSelector,
)

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SET_OPERATIONS = frozenset({"and", "or", "unless"})
NAME = "__name__"


class PromqlError(ValueError):
    """An expression is not PromQL."""


def parse(expression: str) -> Expr:
    """Return the tree.

    Raises:
        PromqlError: it is not PromQL.
    """
    try:
        return promql_parser.parse(expression)
    except ValueError as error:
        raise PromqlError(str(error)) from error


def children(node: Expr) -> tuple[Expr, ...]:
    """Return the expressions directly below."""
    match node:
        case BinaryExpr():
            return (node.lhs, node.rhs)
        case AggregateExpr():
            return (node.param, node.expr) if isinstance(node.param, Expr) else (node.expr,)
        case Call():
            return tuple(node.args)
        case UnaryExpr() | ParenExpr() | SubqueryExpr():
            return (node.expr,)
        case MatrixSelector():
            return (node.vector_selector,)
        case _:
            return ()


def nodes(node: Expr) -> Iterator[Expr]:
    """Return the node and everything below it, from the left."""
    yield node
    for child in children(node):
        yield from nodes(child)


def bare(node: Expr) -> Expr:
    """Return what is inside the parentheses."""
    while isinstance(node, ParenExpr):
        node = node.expr
    return node


def operator(node: BinaryExpr | AggregateExpr) -> str:
    """Return the operator as it is written; aggregations in lower case."""
    return str(node.op).lower()


def is_comparison(node: Expr) -> bool:
    """Say whether the node compares and leaves out what does not hold (so not with `bool`)."""
    return (
        isinstance(node, BinaryExpr)
        and operator(node) in COMPARISONS
        and not (node.modifier is not None and node.modifier.return_bool)
    )


def is_scalar(node: Expr) -> bool:
    """Say whether the node is a number, not a vector."""
    node = bare(node)
    match node:
        case NumberLiteral():
            return True
        case UnaryExpr():
            return is_scalar(node.expr)
        case Call():
            return bool(node.func.return_type == ValueType.Scalar)
        case BinaryExpr():
            return is_scalar(node.lhs) and is_scalar(node.rhs)
        case _:
            return False


def metric_name(selector: VectorSelector) -> str | None:
    """Return the metric's name; None when it is a pattern."""
    if selector.name:
        return selector.name
    names = [one.value for one in selector.matchers.matchers if one.name == NAME and one.op == MatchOp.Equal]
    return names[0] if names else None


def literal(node: Expr) -> float | None:
    """Return a number that is written as one, with its sign."""
    node = bare(node)
    match node:
        case NumberLiteral():
            return node.val
        case UnaryExpr():
            number = literal(node.expr)
            return None if number is None else -number
        case _:
            return None


def text(node: Expr) -> str:
    """Return a string literal's text, empty when the node is another thing."""
    return node.val if isinstance(node, StringLiteral) else ""


def vector_arguments(call: Call) -> list[Expr]:
    """Return the arguments that are series."""
    return [one for one in call.args if not is_scalar(one) and not isinstance(one, StringLiteral)]
