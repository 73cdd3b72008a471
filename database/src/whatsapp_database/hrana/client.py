"""The `http:`, `https:` and `libsql:` implementation of `libsql_client.Client`."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Coroutine

from libsql_client import Client, InArgs, InStatement, ResultSet, Statement, Transaction

from whatsapp_database.errors import PermanentDatabaseError
from whatsapp_database.hrana import messages
from whatsapp_database.hrana.address import ServerAddress
from whatsapp_database.hrana.backoff import Backoff
from whatsapp_database.hrana.calls import READ, WRITE, Calls
from whatsapp_database.hrana.limits import HranaLimits
from whatsapp_database.hrana.stream import HranaStream
from whatsapp_database.hrana.transaction import HranaTransaction
from whatsapp_database.hrana.transport import PipelineTransport
from whatsapp_database.hrana.values import encode_statement
from whatsapp_database.pool import PoolSettings, PoolStatus
from whatsapp_database.statement import convert_all, is_read


class HranaClient(Client):
    """A libSQL server behind libsql's interface: `execute` and `batch` are one request each.

    Of the pool's settings, `size + max_overflow` is the number of calls at once, `timeout` the wait for a
    place among them and `busy_timeout` the time that a call goes on trying when the database is locked. Reads
    are repeated when a connection breaks; a write only when it certainly was not done. A cancelled call drops
    its connection: a write that had left may have been done.
    """

    def __init__(
        self,
        address: ServerAddress,
        auth_token: str | None = None,
        *,
        pool: PoolSettings,
        limits: HranaLimits | None = None,
        read_only: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        limits = limits or HranaLimits()
        self._read_only = read_only
        self._transport = PipelineTransport(address, auth_token, limits)
        self._calls = Calls(pool, limits.attempts, backoff=backoff)
        self._streams: weakref.WeakSet[HranaStream] = weakref.WeakSet()
        self._background: set[asyncio.Task[None]] = set()

    async def execute(self, stmt: InStatement, args: InArgs = None) -> ResultSet:
        statement = Statement.convert(stmt, args)
        self._check(statement)
        requests = [messages.execute(encode_statement(statement)), messages.CLOSE]

        async def attempt() -> ResultSet:
            answer = await self._transport.send(requests)
            return messages.statement_result(answer.results[0])

        return await self._calls.run(READ if is_read(statement) else WRITE, attempt)

    async def batch(self, stmts: list[InStatement]) -> list[ResultSet]:
        """Run all statements in one transaction; a batch of reads sees one snapshot."""
        statements = convert_all(stmts)
        self._calls.check_open()
        for statement in statements:
            self._check(statement)
        if not statements:
            return []
        writing = not all(is_read(statement) for statement in statements)
        encoded = [encode_statement(statement) for statement in statements]
        requests = [messages.atomic(encoded, writing=writing), messages.CLOSE]

        async def attempt() -> list[ResultSet]:
            answer = await self._transport.send(requests)
            return messages.atomic_results(answer.results[0], len(statements))

        return await self._calls.run(WRITE if writing else READ, attempt)

    def transaction(self) -> Transaction:
        """An interactive transaction, a request for each statement; servers cut it after 5 s."""
        self._calls.check_open()
        return HranaTransaction(
            self._calls,
            self._new_stream,
            self._check,
            self._in_background,
            writing=not self._read_only,
        )

    async def close(self) -> None:
        """Finish the calls under way and close the connections; a second call does nothing."""
        await self._calls.close()
        for stream in list(self._streams):
            await stream.close()
        if self._background:
            await asyncio.wait(self._background)
        await self._transport.close()

    @property
    def closed(self) -> bool:
        return self._calls.closed

    def pool_status(self) -> PoolStatus:
        """Calls under way now."""
        return self._calls.status()

    def _check(self, statement: Statement) -> None:
        self._calls.check_open()
        if self._read_only and not is_read(statement):
            raise PermanentDatabaseError("attempt to write a readonly database", "SQLITE_READONLY")

    def _new_stream(self) -> HranaStream:
        stream = HranaStream(self._transport)
        self._streams.add(stream)
        return stream

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
