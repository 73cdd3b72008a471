"""How much of WHATSAPP_RATE_LIMIT_PER_MINUTE this process used of late."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(seconds=60)


class SendWindow:
    """The sends of the last 60 seconds."""

    def __init__(self) -> None:
        self._sends: deque[datetime] = deque()

    def add(self, now: datetime) -> None:
        """Count a send."""
        self._sends.append(now)

    def count(self, now: datetime) -> int:
        """Sends in the window."""
        while self._sends and self._sends[0] <= now - WINDOW:
            self._sends.popleft()
        return len(self._sends)

    def reset_seconds(self, now: datetime) -> int:
        """Seconds until the oldest counted send leaves the window; 0 when none is counted."""
        if not self.count(now):
            return 0
        return math.ceil((self._sends[0] + WINDOW - now).total_seconds())
