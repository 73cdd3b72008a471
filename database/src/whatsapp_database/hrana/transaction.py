"""An interactive transaction on a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from libsql_client import InArgs, InStatement, ResultSet, Statement, Transaction

from whatsapp_database.errors import ClientClosedError, DatabaseError, TransientDatabaseError
from whatsapp_database.hrana import messages
from whatsapp_database.hrana.calls import BEGIN, COMMIT, CONTINUE, Calls
from whatsapp_database.hrana.stream import HranaStream
from whatsapp_database.hrana.values import Json, encode_statement


class HranaTransaction(Transaction):
    """Begins with its first statement, in one request; leaving its `with` block without commit rolls back.

    A transient error ends it, for the server may have rolled it back by itself, and further statements would
    take effect one by one.
    """

    def __init__(
        self,
        calls: Calls,
        new_stream: Callable[[], HranaStream],
        check: Callable[[Statement], None],
        in_background: Callable[[Coroutine[object, object, None]], None],
        *,
        writing: bool,
    ) -> None:
        self._calls = calls
        self._new_stream = new_stream
        self._check = check
        self._in_background = in_background
        self._writing = writing
        self._turn = asyncio.Lock()
        self._stream: HranaStream | None = None
        self._closed = False

    async def execute(self, stmt: InStatement, args: InArgs = None) -> ResultSet:
        statement = Statement.convert(stmt, args)
        self._check(statement)
        encoded = encode_statement(statement)
        async with self._turn:
            self._check_open()
            try:
                if self._stream is None:
                    return await self._begin(encoded)
                stream = self._stream
                answer = await self._calls.run(CONTINUE, lambda: stream.send([messages.execute(encoded)]))
                return messages.statement_result(answer.results[0])
            except TransientDatabaseError:
                self.close()
                raise

    async def commit(self) -> None:
        """Commit. Raises OutcomeUnknownError when the server's answer did not come."""
        async with self._turn:
            self._check_open()
            try:
                if self._stream is not None:
                    stream, request = self._stream, messages.execute(messages.COMMIT)
                    answer = await self._calls.run(COMMIT, lambda: stream.send([request, messages.CLOSE]))
                    messages.statement_result(answer.results[0])
            finally:
                self.close()

    async def rollback(self) -> None:
        """Roll back, at the server too when it can be reached; it does so by itself within seconds."""
        if not self._closed:
            self._closed = True
            if self._stream is not None:
                await self._stream.close()

    def close(self) -> None:
        """Roll back in the background what was not committed."""
        if not self._closed:
            self._closed = True
            if self._stream is not None and self._stream.open:
                self._in_background(self._stream.close())

    @property
    def closed(self) -> bool:
        return self._closed

    async def _begin(self, statement: Json) -> ResultSet:
        request = messages.chain([messages.begin(writing=self._writing), statement])

        async def attempt() -> messages.BatchAnswer:
            stream = self._new_stream()
            answer = await stream.send([request])
            try:
                begun = messages.batch_answer(answer.results[0], 2)
                begun.raise_error_of(0)
            except DatabaseError:
                self._in_background(stream.close())
                raise
            self._stream = stream
            return begun

        begun = await self._calls.run(BEGIN, attempt)
        if self._closed and self._stream is not None:  # closed meanwhile
            self._in_background(self._stream.close())
        begun.raise_error_of(1)
        return begun.result(1)

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("the transaction was closed", "TRANSACTION_CLOSED")
