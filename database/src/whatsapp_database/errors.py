"""Errors of the database, sorted by what the caller may do about them."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from libsql_client import LibsqlError

# SQLite primary result codes after which the same call may succeed without a change of code or schema
# (https://www.sqlite.org/rescode.html): busy, locked, out of memory, interrupted, I/O, full, cannot open,
# protocol.
_TRANSIENT_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)

# The same by name, and what libSQL servers add (libsql-server/src/hrana): a transaction cut after 5 s, too
# many transactions, writes blocked for now by an operator or a quota.
_TRANSIENT_NAMES: Final = re.compile(
    r"SQLITE_(BUSY|LOCKED|NOMEM|INTERRUPT|IOERR|FULL|CANTOPEN|PROTOCOL)(_[A-Z_]+)?"
    r"|TRANSACTION_TIMEOUT|TRANSACTION_BUSY|STREAM_EXPIRED|BLOCKED"
)
_MAX_SERVER_TEXT: Final = 300


class DatabaseError(LibsqlError):
    """Any failure of the database; `code` is SQLite's extended name (`SQLITE_BUSY`) or one of ours."""


class TransientDatabaseError(DatabaseError):
    """Locked, busy, timed out or not reachable now: the same call may succeed later."""


class OutcomeUnknownError(TransientDatabaseError):
    """A write left for a server and no answer came: it may or may not have been done.

    Repeating it is safe only for a write that does the same when it is done twice.
    """


class PermanentDatabaseError(DatabaseError):
    """The call cannot succeed as it is: wrong SQL, missing table, corrupt file, unsupported URL."""


class ConstraintError(PermanentDatabaseError):
    """A unique, foreign key, check or not-null constraint refused the row."""


class PoolTimeoutError(TransientDatabaseError):
    """No connection became free within `PoolSettings.timeout` seconds."""


class ClientClosedError(PermanentDatabaseError):
    """The client or transaction was used after it was closed."""


class SchemaError(PermanentDatabaseError):
    """The schema does not match the code: outdated, newer, or an applied migration was edited."""


class UnsupportedUrlError(PermanentDatabaseError):
    """The database URL names a transport that this version does not speak."""


def from_sqlite(error: sqlite3.Error) -> DatabaseError:
    """Translate an error of the sqlite3 module; the text holds no parameter values."""
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", "SQLITE_MISUSE")
    if not isinstance(code, int):
        return PermanentDatabaseError(str(error), name)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_CONSTRAINT:
        return ConstraintError(str(error), name)
    if primary in _TRANSIENT_CODES:
        return TransientDatabaseError(str(error), name)
    return PermanentDatabaseError(str(error), name)


def from_server(code: str, message: str) -> DatabaseError:
    """Translate the error of a statement that a libSQL server reports; the text is SQLite's own.

    A server that passes writes on to another one loses the code of a constraint, so the text counts too.
    """
    text = " ".join(message.split())[:_MAX_SERVER_TEXT].removeprefix("SQLite error: ")
    name = code or "UNKNOWN"
    if name.startswith("SQLITE_CONSTRAINT") or " constraint failed" in text:
        return ConstraintError(text, name if name.startswith("SQLITE_") else "SQLITE_CONSTRAINT")
    if _TRANSIENT_NAMES.fullmatch(name):
        return TransientDatabaseError(text, name)
    return PermanentDatabaseError(text, name)
