"""Limit on management reads, and the usage headers that tell how much of it is used.

200 calls an hour for an app and business account, 5,000 once a phone number is registered:
https://developers.facebook.com/docs/whatsapp/business-management-api/get-started#rate-limits.
Headers after https://developers.facebook.com/docs/graph-api/overview/rate-limiting: absent until enough calls
have been made.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Final

from whatsapp_world.clock import Clock
from whatsapp_world.graph.errors import GraphError, error_kind

HOUR: Final = 3_600.0
UNREGISTERED_READS: Final = 200
REGISTERED_READS: Final = 5_000
LIMIT_CODES: Final = (4, 17, 80007)
# Meta names no share; a tenth is "enough calls" here.
HEADERS_FROM_PERCENT: Final = 10
_THROTTLED_SUBCODE: Final = 2446079


class ReadLimit:
    """Calls in the last hour against the limit."""

    def __init__(self, clock: Clock, *, reads_per_hour: int | None = None, code: int = 80007) -> None:
        """``reads_per_hour`` None is Meta's own limit, 0 none; ``code`` is one of LIMIT_CODES."""
        self._clock = clock
        self._calls: deque[float] = deque()
        self.reads_per_hour = reads_per_hour
        self.code = code

    def limit(self, *, registered: bool) -> int:
        """Return the calls allowed in an hour, 0 for no limit."""
        if self.reads_per_hour is not None:
            return self.reads_per_hour
        return REGISTERED_READS if registered else UNREGISTERED_READS

    def take(self, *, registered: bool) -> None:
        """Count a call; raise GraphError when the hour has no more."""
        allowed = self.limit(registered=registered)
        if allowed == 0:
            return
        self._forget_old()
        if len(self._calls) >= allowed:
            raise limit_reached(self.code)
        self._calls.append(self._clock.monotonic())

    def percent(self, *, registered: bool) -> int:
        """Return the share of the hour's calls that is used."""
        allowed = self.limit(registered=registered)
        self._forget_old()
        return 0 if allowed == 0 else min(100, 100 * len(self._calls) // allowed)

    @staticmethod
    def tells(percent: int) -> bool:
        """Whether answers carry usage headers at this share."""
        return percent >= HEADERS_FROM_PERCENT

    def minutes_to_regain(self, *, registered: bool) -> int:
        """Return the minutes until a call is allowed again, 0 when one is."""
        allowed = self.limit(registered=registered)
        self._forget_old()
        if allowed == 0 or len(self._calls) < allowed:
            return 0
        return max(1, round((self._calls[0] + HOUR - self._clock.monotonic()) / 60))

    def _forget_old(self) -> None:
        oldest = self._clock.monotonic() - HOUR
        while self._calls and self._calls[0] <= oldest:
            self._calls.popleft()


def limit_reached(code: int) -> GraphError:
    """Return the refusal of a call beyond the limit, as Meta's OpenAPI shows it for 4, 17 and 80007."""
    return GraphError(code, message=error_kind(code).title, subcode=_THROTTLED_SUBCODE, transient=True)


def usage_headers(account_id: str, *, percent: int, minutes_to_regain: int) -> dict[str, str]:
    """Return ``X-App-Usage`` and ``X-Business-Use-Case-Usage`` for a share of the limit, in percent."""
    share = {"call_count": percent, "total_cputime": percent // 4, "total_time": percent // 2}
    use_case = {
        "type": "whatsapp_business_management",
        **share,
        "estimated_time_to_regain_access": minutes_to_regain,
    }
    return {
        "X-App-Usage": json.dumps(share, separators=(",", ":")),
        "X-Business-Use-Case-Usage": json.dumps({account_id: [use_case]}, separators=(",", ":")),
    }
