"""Versions of the Graph API: which there are, until when each is served, and what a call gets after that.

Dates after https://developers.facebook.com/docs/graph-api/changelog/versions/. Meta's page on platform
versioning says that calls to a version that is no longer usable are answered by the oldest usable one; the
Marketing API refuses them with code 2635. Which of the two WhatsApp does is not documented: both can be had.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from whatsapp_world.clock import Clock
from whatsapp_world.graph.errors import GraphError

SERVED: Final = "served"
REFUSED: Final = "refused"
EXPIRED_POLICIES: Final = (SERVED, REFUSED)

# First day without the version; None for the current one, whose end Meta has not announced.
EXPIRES: Final[Mapping[str, date | None]] = {
    "v18.0": date(2026, 1, 26),
    "v19.0": date(2026, 5, 21),
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
    "v26.0": None,
}
# Gone before the table begins: v1.0, v2.0 to v2.12, v3.0 to v3.3, v4.0 to v17.0.
_LONG_GONE: Final = frozenset(
    ["v1.0", *(f"v2.{minor}" for minor in range(13)), *(f"v3.{minor}" for minor in range(4))]
    + [f"v{major}.0" for major in range(4, 18)]
)
_FORM: Final = re.compile(r"v(\d{1,3})\.\d{1,2}")


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """The version that answers a call; ``text`` goes into the header ``facebook-api-version``."""

    text: str
    major: int


class VersionTable:
    """The versions, with what the operator changed about them."""

    def __init__(self, clock: Clock, *, expired: str = SERVED) -> None:
        """``expired`` is one of EXPIRED_POLICIES."""
        self._clock = clock
        self._expired = expired
        self._expires: dict[str, date | None] = dict(EXPIRES)
        self._resolved: dict[str, ApiVersion] = {}
        self._resolved_until = datetime.min.replace(tzinfo=UTC)

    def resolve(self, text: str, rest: str) -> ApiVersion:
        """Return the version that answers calls to ``text``; ``rest`` is the path after it.

        Raises GraphError 100 for what is no version, 2500 for one that does not exist (as Meta, which then
        takes it for an object), and 2635 for an expired one when those are refused.
        """
        now = self._clock.now()
        if now >= self._resolved_until:
            self._resolved.clear()
            self._resolved_until = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        version = self._resolved.get(text)
        if version is None:
            version = self._look_up(text, rest, now.date())
            self._resolved[text] = version
        return version

    def change(self, *, expired: str | None, expires: Mapping[str, date | None]) -> None:
        """Set the policy for expired versions and single dates; raise KeyError for an unknown version."""
        for text in expires:
            if text not in self._expires:
                raise KeyError(text)
        self._expires.update(expires)
        self._expired = expired or self._expired
        self._resolved.clear()

    def document(self) -> dict[str, object]:
        """Return the policy and the table, for ``/_lab/versions``."""
        today = self._clock.now().date()
        return {
            "expired": self._expired,
            "items": [
                {
                    "version": text,
                    "expires": None if end is None else end.isoformat(),
                    "live": end is None or today < end,
                }
                for text, end in self._expires.items()
            ],
        }

    def _look_up(self, text: str, rest: str, today: date) -> ApiVersion:
        if _FORM.fullmatch(text) is None:
            raise GraphError(100, message="Invalid version format. Use format like 'v23.0'")
        if text not in self._expires and text not in _LONG_GONE:
            raise GraphError(2500, message=f"Unknown path components: /{rest[:80]}")
        live = [name for name, end in self._expires.items() if end is None or today < end]
        if text in live:
            return _version(text)
        if self._expired == REFUSED or not live:
            newest = list(self._expires)[-1]
            raise GraphError(
                2635,
                message="(#2635) You are calling a deprecated version of the Ads API. Please update to the"
                f" latest version: {newest}.",
            )
        return _version(live[0])


def _version(text: str) -> ApiVersion:
    match = _FORM.fullmatch(text)
    return ApiVersion(text, int(match[1]) if match else 0)
