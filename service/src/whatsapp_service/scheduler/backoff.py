"""How long a notification waits before its next attempt, and how long everything or a template is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from whatsapp_service.graph.errors import ErrorClass

_FIXED: Final = {
    ErrorClass.DEFERRED: timedelta(hours=24),  # Meta: wait at least a day
}
_HOLD: Final = {
    ErrorClass.THROTTLED: timedelta(seconds=15),
    ErrorClass.AUTH: timedelta(seconds=60),
    ErrorClass.SENDER_BLOCKED: timedelta(minutes=5),
    ErrorClass.TEMPLATE_HELD: timedelta(hours=1),  # Meta pauses a template for 3 or 6 hours
}
_FIRST: Final = timedelta(seconds=5)
_LONGEST: Final = timedelta(minutes=30)
_JITTER: Final = 0.25


def retry_delay(error_class: ErrorClass, attempt: int, random: Callable[[], float]) -> timedelta:
    """Delay after the attempt (1, 2, ...): 5 s, 20 s, 80 s, ... up to 30 min, up to a quarter longer by
    chance.

    The factor 4 is Meta's advice for recipient throttling (131056); `random` gives 0..1.
    """
    base = _FIXED.get(error_class)
    if base is None:
        base = min(_FIRST * 4 ** min(attempt - 1, 10), _LONGEST)
    return base * (1 + _JITTER * random())


def hold_time(error_class: ErrorClass) -> timedelta:
    """How long nothing, or nothing of the template, is sent after an error about more than one message."""
    return _HOLD.get(error_class, timedelta(seconds=60))
