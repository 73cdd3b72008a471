"""Errors as libSQL's server reports them (tursodatabase/libsql, libsql-server/src/hrana)."""

import sqlite3


class StatementError(Exception):
    """One request of a pipeline, or one step of a batch, failed; the stream goes on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def document(self) -> dict[str, object]:
        """Return Hrana's ``Error``."""
        return {"message": str(self), "code": self.code}


class ProtocolError(Exception):
    """The client broke the protocol: HTTP 400, and the stream is closed."""


class StreamExpiredError(Exception):
    """The stream was idle for too long: HTTP 500."""


def transaction_timed_out() -> StatementError:
    """Return the error of what runs after a transaction was cut."""
    return StatementError("TRANSACTION_TIMEOUT", "Transaction timed out")


def answer_too_large() -> StatementError:
    """Return the error of an answer over the limit."""
    return StatementError("RESPONSE_TOO_LARGE", "Response is too large")


def from_sqlite(error: sqlite3.Error) -> StatementError:
    """Return the error for one of the sqlite3 module: primary code, as the real server gives it."""
    code = getattr(error, "sqlite_errorcode", None)
    text = str(error)
    if code is None:  # the module's own: what was bound does not fit
        return StatementError("ARGS_INVALID", f"Arguments do not match SQL parameters: {text}")
    primary = code & 0xFF
    if primary != sqlite3.SQLITE_ERROR:
        return StatementError(_PRIMARY_NAMES.get(primary, "SQLITE_UNKNOWN"), f"SQLite error: {text}")
    if text.startswith(("near ", "incomplete input", "unrecognized token")):
        return StatementError("SQL_PARSE_ERROR", f"SQL string could not be parsed: {text}")
    if text.startswith("no such column"):
        return StatementError("SQL_INPUT_ERROR", f"SQL input error: {text}")
    return StatementError("SQLITE_UNKNOWN", f"SQLite error: {text}")


_NAMES = (
    "INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN "
    "PROTOCOL SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH RANGE NOTADB"
)
_PRIMARY_NAMES = {getattr(sqlite3, f"SQLITE_{name}"): f"SQLITE_{name}" for name in _NAMES.split()}
