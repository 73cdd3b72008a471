"""Typed reading of result rows: a wrong type is a fault of schema or query, told by column."""

from __future__ import annotations

from libsql_client import Row


def text(row: Row, column: str) -> str:
    """The column as text. Raises TypeError for any other type."""
    value = row[column]
    if not isinstance(value, str):
        raise TypeError(f"column {column} holds {type(value).__name__}, expected text")
    return value


def optional_text(row: Row, column: str) -> str | None:
    """The column as text, or None for NULL."""
    return None if row[column] is None else text(row, column)


def integer(row: Row, column: str) -> int:
    """The column as an integer. Raises TypeError for any other type."""
    value = row[column]
    if not isinstance(value, int):
        raise TypeError(f"column {column} holds {type(value).__name__}, expected an integer")
    return value


def optional_integer(row: Row, column: str) -> int | None:
    """The column as an integer, or None for NULL."""
    return None if row[column] is None else integer(row, column)


def real(row: Row, column: str) -> float:
    """The column as a number. Raises TypeError for any other type."""
    value = row[column]
    if not isinstance(value, (int, float)):
        raise TypeError(f"column {column} holds {type(value).__name__}, expected a number")
    return float(value)


def optional_real(row: Row, column: str) -> float | None:
    """The column as a number, or None for NULL."""
    return None if row[column] is None else real(row, column)
