"""Judging the Graph API by the outcomes of calls to it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from whatsapp_service.graph.errors import ErrorClass, SendError

_AT_ONCE: Final = frozenset({ErrorClass.AUTH, ErrorClass.SENDER_BLOCKED})
_AFTER_SEVERAL: Final = frozenset({ErrorClass.NETWORK, ErrorClass.TRANSIENT, ErrorClass.UNKNOWN_OUTCOME})
_SEVERAL: Final = 3


class GraphHealth:
    """healthy, unhealthy or unknown (no call yet).

    A refused token or account is unhealthy at once, failures of the way there after three in a row; an error
    about one message shows that the API works.
    """

    def __init__(self) -> None:
        self.status = "unknown"
        self.last_success: datetime | None = None
        self.last_call: datetime | None = None
        self.error: SendError | None = None
        self._failures = 0

    def succeeded(self, now: datetime) -> None:
        """A call was answered as wished."""
        self.last_call = self.last_success = now
        self._works()

    def failed(self, error: SendError, now: datetime) -> None:
        """A call ended in an error."""
        self.last_call = now
        self.error = error
        if error.error_class in _AT_ONCE:
            self.status = "unhealthy"
        elif error.error_class in _AFTER_SEVERAL:
            self._failures += 1
            if self._failures >= _SEVERAL:
                self.status = "unhealthy"
        elif error.error_class is not ErrorClass.THROTTLED:
            self._works()
            self.error = error

    def _works(self) -> None:
        self.status = "healthy"
        self.error = None
        self._failures = 0
