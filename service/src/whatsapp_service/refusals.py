"""Why a notification cannot be cancelled or sent again."""

from __future__ import annotations

from whatsapp_service.estados import Estado


class ChangeRefusedError(Exception):
    """The notification stays as it is; `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnknownNotificationError(ChangeRefusedError):
    """There is no notification with this id."""

    def __init__(self) -> None:
        super().__init__("not_found", "there is no such notification")


class BeingSentError(ChangeRefusedError):
    """Passing: a scheduler has the notification in hand, so its outcome is open; ask again in a minute."""

    def __init__(self) -> None:
        super().__init__("being_sent", "the notification is being sent now, try again in a minute")


class WrongStateError(ChangeRefusedError):
    """The notification's state does not allow the change; `estado` is that state."""

    def __init__(self, code: str, estado: Estado, message: str) -> None:
        super().__init__(code, message)
        self.estado = estado
