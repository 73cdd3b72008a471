"""One SQLite connection, as a stream uses it."""

import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from whatsapp_world.hrana.describe import describe
from whatsapp_world.hrana.errors import (
    StatementError,
    answer_too_large,
    from_sqlite,
    transaction_timed_out,
)
from whatsapp_world.hrana.statement_rules import check_statement
from whatsapp_world.hrana.values import SqlValue, Statement, value_document

MAX_IDLE = 32


class ConnectionShelf:
    """Open connections that no stream uses, so that a stream need not read the schema anew."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._idle: deque[sqlite3.Connection] = deque()
        # SQLite moves the whole WAL into the file when the last connection closes; this one stays.
        self._lasting = self.take()
        self._lasting.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def take(self) -> sqlite3.Connection:
        """Return an unused connection, or a new one."""
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        connection = sqlite3.connect(
            self._path, isolation_level=None, timeout=self._busy_seconds, check_same_thread=False
        )
        connection.execute("PRAGMA foreign_keys = ON")  # libSQL is compiled with it on
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Roll back, undo what a client may set, and keep it."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA foreign_keys = ON")
        if len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is on the shelf."""
        for connection in (*self._idle, self._lasting):
            connection.close()


class StreamConnection:
    """Runs statements, bounds their answers and cuts transactions that last too long.

    One thread uses it at a time; `cut_overdue` and `interrupt` may come from another.
    """

    def __init__(
        self,
        shelf: ConnectionShelf,
        *,
        transaction_seconds: float,
        max_answer_bytes: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._transaction_seconds = transaction_seconds
        self._max_answer_bytes = max_answer_bytes
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._began_at: float | None = None
        self._cut = False
        self._abandoned = False
        self._closed = False
        self._answer_bytes = 0
        self._shelf = shelf
        self._sqlite = shelf.take()

    @property
    def autocommit(self) -> bool:
        """Whether no transaction is open."""
        return not self._sqlite.in_transaction

    def begin_program(self) -> bool:
        """Start a request, its answer's size counted anew. Return whether a cut spoils all of its steps."""
        self._answer_bytes = 0
        with self._guard:
            cut, self._cut = self._cut, False
        return cut

    def run(self, statement: Statement) -> dict[str, object]:
        """Run one statement and return its ``StmtResult``; raise StatementError."""
        check_statement(statement.sql)
        if self.cut_overdue():
            self.begin_program()
            raise transaction_timed_out()
        if self._abandoned:
            raise StatementError("SQLITE_INTERRUPT", "SQLite error: interrupted")
        try:
            return self._run(statement)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as exc:
            raise _statement_error(exc) from exc
        finally:
            self._note_transaction()

    def describe(self, sql: str) -> dict[str, object]:
        """Return the ``DescribeResult`` of a statement; raise StatementError."""
        check_statement(sql)
        try:
            return describe(self._sqlite, sql)
        except (sqlite3.Error, sqlite3.Warning) as exc:
            raise _statement_error(exc) from exc

    def cut_overdue(self) -> bool:
        """Roll back a transaction that is older than allowed; return whether there was one."""
        with self._guard:
            began_at = self._began_at
            if began_at is None or self._monotonic() - began_at <= self._transaction_seconds:
                return False
            self._began_at = None
            self._cut = True
            if self._sqlite.in_transaction:
                self._sqlite.execute("ROLLBACK")
            return True

    def interrupt(self) -> None:
        """Stop what runs now and refuse what follows: the client is gone."""
        with self._guard:
            if not self._closed:
                self._abandoned = True
                self._sqlite.interrupt()

    def close(self) -> None:
        """Roll back and give the connection up; one that was interrupted is not used again."""
        with self._guard:
            self._closed = True
        if self._abandoned:
            self._sqlite.close()
        else:
            self._shelf.give_back(self._sqlite)

    def _run(self, statement: Statement) -> dict[str, object]:
        changed_before = self._sqlite.total_changes
        cursor = self._sqlite.execute(statement.sql, statement.parameters)
        try:
            columns = [{"name": str(column[0]), "decltype": None} for column in cursor.description or ()]
            rows = [self._row(row) for row in cursor]
        finally:
            cursor.close()
        affected, rowid = self._sqlite.execute("SELECT changes(), last_insert_rowid()").fetchone()
        return {
            "cols": columns,
            "rows": rows if statement.want_rows else [],
            "affected_row_count": affected if self._sqlite.total_changes != changed_before else 0,
            "last_insert_rowid": str(rowid),
        }

    def _row(self, row: tuple[SqlValue, ...]) -> list[dict[str, object]]:
        self._answer_bytes += sum(_size(value) for value in row)
        if self._answer_bytes > self._max_answer_bytes:
            raise answer_too_large()
        return [value_document(value) for value in row]

    def _note_transaction(self) -> None:
        with self._guard:
            if not self._sqlite.in_transaction:
                self._began_at = None
            elif self._began_at is None:
                self._began_at = self._monotonic()


def open_database(path: Path) -> None:
    """Make the file if there is none, in WAL; raise sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _size(value: SqlValue) -> int:
    return len(value) if isinstance(value, str | bytes) else 8


def _statement_error(exc: Exception) -> StatementError:
    if isinstance(exc, sqlite3.Warning) or "one statement at a time" in str(exc):
        return StatementError("SQL_MANY_STATEMENTS", "SQL string contains more than one statement")
    if isinstance(exc, sqlite3.Error):
        return from_sqlite(exc)
    return StatementError("ARGS_INVALID", f"Arguments do not match SQL parameters: {type(exc).__name__}")
