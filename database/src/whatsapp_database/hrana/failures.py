"""What can go wrong between client and server, seen by whether the server may have done the work."""

from __future__ import annotations

from whatsapp_database.errors import PermanentDatabaseError, TransientDatabaseError


class UnreachableError(TransientDatabaseError):
    """The request was not executed: it did not reach the server, or was turned away before."""


class AnswerLostError(TransientDatabaseError):
    """The request left and no answer of the database came back: it may have been executed."""

    def __init__(self, message: str, code: str, *, timed_out: bool = False) -> None:
        super().__init__(message, code)
        self.timed_out = timed_out


class StreamLostError(TransientDatabaseError):
    """The server no longer has the stream, so its transaction was rolled back."""


class NotUnderstoodError(PermanentDatabaseError):
    """An answer that is not Hrana's, or too large: the request may have been executed."""

    def __init__(self, what: str, code: str = "PROTOCOL_ERROR") -> None:
        super().__init__(f"the server's answer was not understood: {what}", code)
