"""Close connections that do not send the whole head of a request.

uvicorn's own bound of idle connections begins with the first answer: without this one, connections that
never ask for anything take all the places that there are.
"""

import asyncio
from typing import Any


def with_request_deadline(base: type[asyncio.Protocol], seconds: float) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with a bound of the time until a head is whole.

    `seconds` are those from the connection, or in a kept one from the first byte of the next request.
    """

    class RequestDeadline(base):  # type: ignore[valid-type,misc]  # chosen at run time
        """uvicorn's protocol; its `cycle` is the request under way, or the last one."""

        cycle: Any
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            """Wait for the first request."""
            super().connection_made(transport)
            self._deadline = asyncio.get_running_loop().call_later(seconds, transport.abort)
            self._abort = transport.abort

        def data_received(self, data: bytes) -> None:
            """Wait no longer once the head is whole."""
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._end_deadline()
            elif self._deadline is None:
                self._deadline = asyncio.get_running_loop().call_later(seconds, self._abort)

        def connection_lost(self, exc: Exception | None) -> None:
            """Wait for nothing."""
            self._end_deadline()
            super().connection_lost(exc)

        def _end_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return RequestDeadline
