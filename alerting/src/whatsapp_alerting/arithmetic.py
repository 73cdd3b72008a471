"""Arithmetic over numbers and `${threshold}`, for the values of test series and for derived thresholds."""

import ast
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from whatsapp_alerting.promql import fill

MAX_LENGTH = 200


def evaluate(expression: str, thresholds: Mapping[str, float]) -> float:
    """Return the value of a sum, difference, product or quotient such as `(${limit} + 1) / 60`.

    Raises:
        ValueError: it is something else.
        KeyError: a name has no threshold.
    """
    filled = fill(expression, thresholds)
    try:
        if len(filled) > MAX_LENGTH:
            raise ValueError
        tree = ast.parse(filled.strip(), mode="eval")
        return float(_value(tree.body))
    except (SyntaxError, ValueError, ArithmeticError, InvalidOperation) as error:
        raise ValueError(f"{expression!r} is not arithmetic of numbers and thresholds") from error


def _value(node: ast.expr) -> Decimal:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Decimal(repr(number))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left) + _value(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left) - _value(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left) * _value(right)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _value(left) / _value(right)
        case _:
            raise ValueError
