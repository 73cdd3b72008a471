"""Values and statements in Hrana's JSON."""

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass

from whatsapp_world.hrana.errors import ProtocolError, StatementError

SqlValue = None | int | float | str | bytes
Parameters = tuple[SqlValue, ...] | dict[str, SqlValue]

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Statement:
    """SQL with its arguments, by position or by name without the prefix."""

    sql: str
    parameters: Parameters = ()
    want_rows: bool = True


def parse_statement(document: object, stored: Mapping[int, str]) -> Statement:
    """Return the statement of a ``Stmt``; raise ProtocolError, or StatementError for mixed arguments."""
    if not isinstance(document, dict):
        raise ProtocolError("Cannot deserialize client message from JSON: invalid type: expected struct Stmt")
    positional, named = document.get("args") or [], document.get("named_args") or []
    if not isinstance(positional, list) or not isinstance(named, list):
        raise ProtocolError("Cannot deserialize client message from JSON: invalid type: expected a sequence")
    sql = parse_sql(document, stored)
    want_rows = document.get("want_rows") is not False
    if not named:
        return Statement(sql, tuple(parse_value(value) for value in positional), want_rows)
    if positional:
        raise StatementError(
            "ARGS_BOTH_POSITIONAL_AND_NAMED",
            "Specifying both positional and named arguments is not supported",
        )
    return Statement(sql, dict(_parse_named(argument) for argument in named), want_rows)


def parse_sql(document: Mapping[str, object], stored: Mapping[int, str]) -> str:
    """Return the text that ``sql`` holds or ``sql_id`` names; raise ProtocolError."""
    sql, sql_id = document.get("sql"), document.get("sql_id")
    if sql is not None and sql_id is not None:
        raise ProtocolError("Either `sql` or `sql_id` are required, but not both")
    if isinstance(sql, str):
        return sql
    if isinstance(sql_id, int) and not isinstance(sql_id, bool):
        if sql_id not in stored:
            raise ProtocolError(f"SQL text {sql_id} not found")
        return stored[sql_id]
    raise ProtocolError("Either `sql` or `sql_id` are required")


def parse_value(document: object) -> SqlValue:
    """Return the value of a ``Value``; raise ProtocolError."""
    match document:
        case {"type": "null"}:
            return None
        case {"type": "integer", "value": str() as digits}:
            return _integer(digits)
        case {"type": "float", "value": int() | float() as number} if not isinstance(number, bool):
            return float(number)
        case {"type": "text", "value": str() as text}:
            return text
        case {"type": "blob", "base64": str() as encoded}:
            return _blob(encoded)
    raise ProtocolError("Value type not recognized")


def value_document(value: SqlValue) -> dict[str, object]:
    """Return the ``Value`` of a value; what JSON's numbers cannot say is null, as in the real server."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    if isinstance(value, float):
        return {"type": "float", "value": value if math.isfinite(value) else None}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    return {"type": "blob", "base64": base64.b64encode(value).rstrip(b"=").decode("ascii")}


def _parse_named(argument: object) -> tuple[str, SqlValue]:
    match argument:
        case {"name": str() as name, "value": value}:
            return name.lstrip(":@$"), parse_value(value)
    raise ProtocolError("Cannot deserialize client message from JSON: invalid type: expected struct NamedArg")


def _integer(digits: str) -> int:
    try:
        value = int(digits)
    except ValueError:
        value = 2**63
    if value not in _INT64:
        raise ProtocolError("Cannot deserialize client message from JSON: invalid integer")
    return value


def _blob(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4), validate=True)
    except binascii.Error as exc:
        raise ProtocolError("Cannot deserialize client message from JSON: invalid base64") from exc
