"""Running one libSQL statement on a sqlite3 connection, and telling reads from writes."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from libsql_client import InStatement, InValue, ResultSet, Row, Statement, Value

_LEADING: Final = re.compile(r"^(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_WRITING_WORD: Final = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_CHANGING_WORDS: Final = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"})
_PRAGMA: Final = re.compile(r"PRAGMA\s+(\w+)\s*(=)?", re.IGNORECASE)
_READING_PRAGMAS: Final = frozenset(
    {
        "auto_vacuum",
        "database_list",
        "foreign_key_check",
        "freelist_count",
        "index_list",
        "integrity_check",
        "page_count",
        "page_size",
        "quick_check",
        "table_info",
        "user_version",
    }
)


def is_read(statement: Statement) -> bool:
    """Whether a reader connection may run it; in doubt no, which only costs parallelism."""
    found = _LEADING.match(statement.sql)
    word = found.group(1).upper() if found else ""
    if word in {"SELECT", "VALUES", "EXPLAIN"}:
        return True
    if word == "WITH":
        return _WRITING_WORD.search(statement.sql) is None
    if word == "PRAGMA":
        pragma = _PRAGMA.search(statement.sql)
        return pragma is not None and pragma.group(2) is None and pragma.group(1).lower() in _READING_PRAGMAS
    return False


def is_change(statement: Statement) -> bool:
    """Whether it changes rows and may share a transaction; schema and maintenance statements do not."""
    found = _LEADING.match(statement.sql)
    return found is not None and found.group(1).upper() in _CHANGING_WORDS


def run(connection: sqlite3.Connection, statement: Statement) -> ResultSet:
    """Run the statement and read all of its rows. Raises sqlite3.Error."""
    cursor = connection.execute(statement.sql, parameters(statement))
    try:
        values = cursor.fetchall()
        columns = tuple(str(column[0]) for column in cursor.description or ())
        indexes = {name: index for index, name in enumerate(columns)}
        rows = [Row(indexes, row) for row in values]
        return ResultSet(columns, rows, max(cursor.rowcount, 0), cursor.lastrowid)
    finally:
        cursor.close()


def convert_all(statements: list[InStatement]) -> list[Statement]:
    """The statements of a batch in one form."""
    return [Statement.convert(statement) for statement in statements]


def parameters(statement: Statement) -> tuple[Value, ...] | dict[str, Value]:
    """The arguments as SQLite takes them, names without their prefix. Raises ValueError for inf and nan."""
    if statement.args is None:
        return ()
    if isinstance(statement.args, Mapping):
        return {name.lstrip(":$@"): _value(value) for name, value in statement.args.items()}
    return tuple(_value(value) for value in statement.args)


def _value(value: InValue) -> Value:
    if isinstance(value, datetime):  # libsql-client's own convention; our columns take text (see timestamps)
        return int(value.timestamp() * 1000)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("only finite floats can be stored")
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return value
