"""Errors of the database, sorted by what the caller may do about them."""

from __future__ import annotations

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


class DatabaseError(LibsqlError):
    """Any failure of the database; `code` is SQLite's extended name (`SQLITE_BUSY`) or one of ours."""


class TransientDatabaseError(DatabaseError):
    """Locked, busy, timed out or not reachable now: the same call may succeed later."""


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
