"""Meta's error codes, sorted by what the sender has to do.

Source: developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes. Meta asks to branch on `code`,
not on the HTTP status or the subcode; which codes are worth a retry is partly our own reading of their texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ErrorClass(StrEnum):
    """What an error is about; stored in `clase_error` and used as a metric label."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    RECIPIENT_THROTTLED = "recipient_throttled"
    SENDER_BLOCKED = "sender_blocked"
    AUTH = "auth"
    TEMPLATE_HELD = "template_held"
    TEMPLATE = "template"
    REQUEST = "request"
    RECIPIENT = "recipient"
    DEFERRED = "deferred"
    NETWORK = "network"
    UNKNOWN_OUTCOME = "unknown_outcome"
    OTHER = "other"


class Action(StrEnum):
    """What happens to the notification."""

    RETRY = "retry"
    """Try again later; counts as an attempt."""
    HOLD_ALL = "hold_all"
    """Nothing can be sent now: this one and all others wait; no attempt is used up."""
    HOLD_TEMPLATE = "hold_template"
    """Nothing with this template can be sent now: its messages wait; no attempt is used up."""
    FAIL = "fail"
    """It will never work: ERROR."""
    UNKNOWN = "unknown"
    """It may have been sent: DESCONOCIDA, never sent again by itself."""


ACTION: Final = {
    ErrorClass.TRANSIENT: Action.RETRY,
    ErrorClass.THROTTLED: Action.HOLD_ALL,
    ErrorClass.RECIPIENT_THROTTLED: Action.RETRY,
    ErrorClass.SENDER_BLOCKED: Action.HOLD_ALL,
    ErrorClass.AUTH: Action.HOLD_ALL,
    ErrorClass.TEMPLATE_HELD: Action.HOLD_TEMPLATE,
    ErrorClass.TEMPLATE: Action.FAIL,
    ErrorClass.REQUEST: Action.FAIL,
    ErrorClass.RECIPIENT: Action.FAIL,
    ErrorClass.DEFERRED: Action.RETRY,
    ErrorClass.NETWORK: Action.RETRY,
    ErrorClass.UNKNOWN_OUTCOME: Action.UNKNOWN,
    ErrorClass.OTHER: Action.FAIL,
}

_CODES: Final[dict[ErrorClass, tuple[int, ...]]] = {
    ErrorClass.TRANSIENT: (1, 2, 131000, 131016, 131057, 133004),
    ErrorClass.THROTTLED: (4, 80007, 130429),
    ErrorClass.RECIPIENT_THROTTLED: (131056,),
    ErrorClass.SENDER_BLOCKED: (33, 368, 131031, 131037, 131042, 131045, 131048, 131064, 133010),
    ErrorClass.AUTH: (0, 3, 10, 104, 190, 131005, *range(200, 300)),
    ErrorClass.TEMPLATE_HELD: (131063, 132015, 132016),
    ErrorClass.TEMPLATE: (132001, 132007),
    ErrorClass.REQUEST: (100, 131008, 131009, 131021, 131051, 131053, 132000, 132005, 132012),
    # 130497 restricts the recipient's country only, so the others must not wait for it.
    ErrorClass.RECIPIENT: (130403, 130497, 131026, 131047, 131050),
    ErrorClass.DEFERRED: (130472, 131049),
}
_CLASS_OF: Final = {code: error_class for error_class, codes in _CODES.items() for code in codes}


@dataclass(frozen=True, slots=True)
class SendError(Exception):
    """A send that Meta refused, or whose outcome is not known. The text holds no number and no token."""

    error_class: ErrorClass
    message: str
    code: int | None = None

    @property
    def action(self) -> Action:
        """What to do with the notification."""
        return ACTION[self.error_class]

    def __str__(self) -> str:
        return self.message if self.code is None else f"({self.code}) {self.message}"


def classify(code: int, http_status: int | None = None) -> ErrorClass:
    """The class of Meta's code; an unknown code is judged by the HTTP status."""
    known = _CLASS_OF.get(code)
    if known is not None:
        return known
    return ErrorClass.TRANSIENT if http_status is not None and http_status >= 500 else ErrorClass.OTHER
