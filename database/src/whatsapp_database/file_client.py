"""The `file:` implementation of `libsql_client.Client`: SQLite in threads, one writer, pooled readers."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from libsql_client import Client, InArgs, InStatement, ResultSet, Statement, Transaction

from whatsapp_database.errors import ClientClosedError, PoolTimeoutError, UnsupportedUrlError
from whatsapp_database.group_commit import GroupCommit
from whatsapp_database.pool import PoolSettings, PoolStatus
from whatsapp_database.readers import ReaderPool
from whatsapp_database.statement import convert_all, is_change, is_read, run
from whatsapp_database.worker import ConnectionWorker

_CLOSED: Final = "CLIENT_CLOSED"


class FileClient(Client):
    """SQLite behind libsql's interface without blocking the event loop.

    Reads run on pooled connections and see the last commit; writes queue on one connection, in the order of
    the calls, and those that wait at the same time share a commit. Transactions take the write lock at once
    (BEGIN IMMEDIATE), so they never fail halfway with a stale snapshot. A cancelled call interrupts its
    statement and rolls back, unless others share its commit.
    """

    def __init__(self, path: Path, *, pool: PoolSettings, read_only: bool = False) -> None:
        self._read_only = read_only
        self._pool = pool
        self._readers = ReaderPool(lambda: _connect_reader(path, pool), pool)
        self._writer = ConnectionWorker(lambda: _connect_writer(path, pool), name="sqlite-writer")
        self._writing = asyncio.Lock()
        self._changes = GroupCommit(self._writer, acquire=self._take_turn, release=self.release_writer)
        self._file_exists = read_only
        self._closed = False

    async def execute(self, stmt: InStatement, args: InArgs = None) -> ResultSet:
        statement = Statement.convert(stmt, args)
        self._check_open()
        if self._read_only or is_read(statement):
            await self._ensure_file()
            return await self._readers.run(lambda connection: run(connection, statement))
        if is_change(statement):
            return (await self._changes.run([statement]))[0]
        await self.acquire_writer()  # VACUUM, PRAGMA and the like refuse to run in a transaction
        try:
            return await self._writer.run(lambda connection: run(connection, statement))
        finally:
            self.release_writer()

    async def batch(self, stmts: list[InStatement]) -> list[ResultSet]:
        """Run all statements in one transaction; a batch of reads sees one snapshot."""
        statements = convert_all(stmts)
        self._check_open()
        if self._read_only or all(is_read(statement) for statement in statements):
            await self._ensure_file()
            return await self._readers.run(_snapshot_of(statements))
        return await self._changes.run(statements)

    def transaction(self) -> Transaction:
        """An interactive transaction; it takes the writer at its first statement and must end soon."""
        self._check_open()
        return FileTransaction(self, self._writer)

    async def close(self) -> None:
        """Finish queued work, close every connection and end the threads; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._changes.close()
        await self._readers.close()
        await self._writer.close()

    @property
    def closed(self) -> bool:
        return self._closed

    def pool_status(self) -> PoolStatus:
        """Use of the reader pool now."""
        return self._readers.status()

    async def acquire_writer(self) -> None:
        """Wait for the turn to write, at most the pool's timeout."""
        await self._take_turn()
        if self._closed:
            self._writing.release()
            self._check_open()

    async def _take_turn(self) -> None:
        """The same for what was asked before the client was closed."""
        try:
            async with asyncio.timeout(self._pool.timeout):
                await self._writing.acquire()
        except TimeoutError as error:
            raise PoolTimeoutError(
                f"the writer was not free within {self._pool.timeout:g} s", "POOL_TIMEOUT"
            ) from error

    def release_writer(self) -> None:
        """Let the next writer in; what it queues runs after everything queued before."""
        self._writing.release()

    async def _ensure_file(self) -> None:
        """Let the writer create the file before the first reader opens it."""
        if not self._file_exists:
            await self._writer.run(lambda _connection: None)
            self._file_exists = True

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("the client was closed", _CLOSED)


class FileTransaction(Transaction):
    """An interactive transaction on the writer; leaving its `with` block without `commit()` rolls back."""

    def __init__(self, client: FileClient, writer: ConnectionWorker) -> None:
        self._client = client
        self._writer = writer
        self._begun = False
        self._closed = False

    async def execute(self, stmt: InStatement, args: InArgs = None) -> ResultSet:
        statement = Statement.convert(stmt, args)
        if self._closed:
            raise ClientClosedError("the transaction was closed", "TRANSACTION_CLOSED")
        if not self._begun:
            await self._client.acquire_writer()
            self._begun = True
            await self._writer.run(_begin)
        return await self._writer.run(lambda connection: run(connection, statement))

    async def commit(self) -> None:
        if self._closed:
            raise ClientClosedError("the transaction was closed", "TRANSACTION_CLOSED")
        try:
            if self._begun:
                await self._writer.run(_commit)
        finally:
            self.close()

    async def rollback(self) -> None:
        self.close()

    def close(self) -> None:
        """Roll back what was not committed. The rollback is queued before any later writer's statement."""
        if self._closed:
            return
        self._closed = True
        if self._begun:
            self._writer.post(_rollback_open)
            self._client.release_writer()

    @property
    def closed(self) -> bool:
        return self._closed


def file_path(url: str) -> Path:
    """The path of a `file:` URL (`file:/var/lib/x.db`, `file:///var/lib/x.db`, `file:relative.db`)."""
    rest = url.removeprefix("file:")
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        if authority not in {"", "localhost"}:
            raise UnsupportedUrlError("a file: URL names no host", "URL_INVALID")
        rest = slash + path
    if not rest or rest.startswith(":memory:") or "?" in rest:
        raise UnsupportedUrlError("a file: URL names a file, without parameters", "URL_INVALID")
    return Path(rest)


def _snapshot_of(statements: list[Statement]) -> Callable[[sqlite3.Connection], list[ResultSet]]:
    def job(connection: sqlite3.Connection) -> list[ResultSet]:
        connection.execute("BEGIN")
        try:
            results = [run(connection, statement) for statement in statements]
            connection.execute("COMMIT")
        finally:
            _rollback_open(connection)
        return results

    return job


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")


def _rollback_open(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _connect_writer(path: Path, pool: PoolSettings) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=pool.busy_timeout, check_same_thread=False
    )
    try:
        # Only an empty database takes these two; in an existing one they change nothing.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _switch_to_wal(connection, pool.busy_timeout)
        # A commit outlives a power cut too: a webhook that was answered never comes again.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Switch a new database to WAL, which two processes may try at once.

    SQLite gives up at once here, whatever the busy timeout (measured): the one that loses tries again.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _connect_reader(path: Path, pool: PoolSettings) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=pool.busy_timeout, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
