"""Values, statements and results as Hrana's JSON writes them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final, TypeAlias

from libsql_client import ResultSet, Row, Statement, Value

from whatsapp_database.errors import PermanentDatabaseError
from whatsapp_database.hrana.failures import NotUnderstoodError
from whatsapp_database.statement import parameters

Json: TypeAlias = dict[str, object]

_INT64: Final = range(-(2**63), 2**63)


def encode_statement(statement: Statement) -> Json:
    """A `Stmt`. Raises as SQLite does on this machine: OverflowError beyond 64 bits, ValueError for inf."""
    values = parameters(statement)
    if isinstance(values, dict):
        named = [{"name": name, "value": encode_value(value)} for name, value in values.items()]
        return {"sql": statement.sql, "named_args": named} if named else {"sql": statement.sql}
    if not values:
        return {"sql": statement.sql}
    return {"sql": statement.sql, "args": [encode_value(value) for value in values]}


def encode_value(value: Value) -> Json:
    """A `Value`: integers as text (JSON's numbers are floats for many), blobs in base64 without padding."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        if value not in _INT64:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return {"type": "integer", "value": str(value)}
    if isinstance(value, float):
        return {"type": "float", "value": value}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    if isinstance(value, bytes):
        return {"type": "blob", "base64": base64.b64encode(value).rstrip(b"=").decode("ascii")}
    raise PermanentDatabaseError(f"values of type {type(value).__name__} cannot be bound", "SQLITE_MISUSE")


def decode_value(value: object) -> Value:
    """The Python value of a `Value`. Raises NotUnderstoodError."""
    match value:
        case {"type": "null"}:
            return None
        case {"type": "integer", "value": str() | int() as number} if not isinstance(number, bool):
            return _integer(number)
        case {"type": "float", "value": float() | int() as number} if not isinstance(number, bool):
            return float(number)
        case {"type": "text", "value": str() as text}:
            return text
        case {"type": "blob", "base64": str() as encoded}:
            return _blob(encoded)
    raise NotUnderstoodError("a value of a row")


def decode_result(result: object) -> ResultSet:
    """The rows of a `StmtResult`. Raises NotUnderstoodError."""
    match result:
        case {"cols": list() as cols, "rows": list() as found, **others}:
            columns = tuple(_name(column) for column in cols)
        case _:
            raise NotUnderstoodError("the result of a statement")
    indexes = {name: index for index, name in enumerate(columns)}
    rows = [Row(indexes, _row(row, len(columns))) for row in found]
    affected = others.get("affected_row_count")
    inserted = others.get("last_insert_rowid")
    return ResultSet(
        columns,
        rows,
        0 if affected is None else _integer(affected),
        None if inserted is None else _integer(inserted),
    )


def _row(row: object, width: int) -> tuple[Value, ...]:
    if not isinstance(row, list) or len(row) != width:
        raise NotUnderstoodError("a row")
    return tuple(decode_value(value) for value in row)


def _name(column: object) -> str:
    name = column.get("name") if isinstance(column, Mapping) else None
    return name if isinstance(name, str) else ""


def _integer(number: object) -> int:
    if isinstance(number, int | str):
        try:
            return int(number)
        except ValueError:
            pass
    raise NotUnderstoodError("an integer")


def _blob(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise NotUnderstoodError("a blob") from error
