"""Requests one after the other over a keep-alive connection, awaited; for what is not load."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, Self

from whatsapp_stack.errors import StackError
from whatsapp_stack.http_connection import Answer, Connection, build_request, connect

ANSWER_SECONDS: Final = 10.0


class LostAnswerError(StackError):
    """The request may have arrived, its answer did not."""


class HttpClient:
    """One connection to a port of 127.0.0.1, made anew when it was lost."""

    def __init__(
        self, port: int, headers: dict[str, str] | None = None, *, seconds: float = ANSWER_SECONDS
    ) -> None:
        self._port = port
        self._headers = headers or {}
        self._seconds = seconds
        self._connection: Connection | None = None
        self._answer: asyncio.Future[Answer] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send and wait for the answer; raises LostAnswerError after `seconds` or without a connection."""
        return await self.send(
            build_request(method, path, headers={**self._headers, **(headers or {})}, body=body)
        )

    async def send(self, request: bytes) -> Answer:
        """The same for a request that was made before."""
        self._answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._seconds):
                if self._connection is None or not self._connection.is_open:
                    self._connection = await connect(self._port, self._answered, self._lost)
                self._connection.send(request)
                return await self._answer
        except (OSError, TimeoutError) as error:  # TimeoutError is an OSError; named for the reader
            self.close()
            raise LostAnswerError(f"no answer: {type(error).__name__}") from error
        finally:
            self._answer = None

    async def get_json(self, path: str) -> Any:  # noqa: ANN401 - any JSON document
        """The document at a path, over a connection of its own; raises StackError unless the answer is 200.

        Readings are apart in time, and a server may close an idle connection just when the next one leaves.
        """
        self.close()
        answer = await self.request("GET", path)
        if answer.status != 200:
            raise StackError(f"GET {path}: {answer.status}")
        return json.loads(answer.body)

    def close(self) -> None:
        """Drop the connection; the next request makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _answered(self, connection: Connection, answer: Answer) -> None:
        if connection is self._connection and self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _lost(self, connection: Connection) -> None:
        if connection is self._connection and self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())
