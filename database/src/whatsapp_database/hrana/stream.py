"""A stream: the server's end of one transaction, found again by its baton."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from whatsapp_database.errors import DatabaseError
from whatsapp_database.hrana.failures import StreamLostError, UnreachableError
from whatsapp_database.hrana.messages import CLOSE, PipelineAnswer
from whatsapp_database.hrana.transport import PipelineTransport
from whatsapp_database.hrana.values import Json


class HranaStream:
    """Sends its pipelines one after the other, each with the baton and to the URL of the answer before.

    A baton is good for one request. When its answer is lost (or its caller gave up), so is the stream: the
    server rolls back and closes it in its own time.
    """

    def __init__(self, transport: PipelineTransport) -> None:
        self._transport = transport
        self._turn = asyncio.Lock()
        self._baton: str | None = None
        self._base: str | None = None
        self._opened = False

    @property
    def open(self) -> bool:
        """Whether there is something to close, as far as is known here."""
        return self._baton is not None or self._turn.locked()

    async def send(self, requests: Sequence[Json]) -> PipelineAnswer:
        """Send a pipeline. Raises StreamLostError once the stream is gone, else what the transport raises."""
        async with self._turn:
            if self._opened and self._baton is None:
                raise StreamLostError("the transaction was lost", "TRANSACTION_LOST")
            baton, self._baton = self._baton, None
            try:
                answer = await self._transport.send(requests, baton=baton, base=self._base)
            except UnreachableError:
                self._baton = baton
                raise
            self._opened = True
            self._baton = answer.baton
            self._base = answer.base_url or self._base
            return answer

    async def close(self) -> None:
        """Let the server roll back and forget the stream, if it can be reached; it does so later anyway."""
        if self.open:
            with contextlib.suppress(DatabaseError):
                await self.send([CLOSE])
