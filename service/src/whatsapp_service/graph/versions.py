"""Versions of the Graph API and when Meta ends them.

Source: developers.facebook.com/docs/graph-api/changelog/versions. What an ended version does is not promised:
it may be refused, or answered as the oldest one that lives, with shapes that this code has never seen.
"""

from __future__ import annotations

from datetime import date
from typing import Final

ENDS: Final = {
    "v18.0": date(2026, 1, 26),
    "v19.0": date(2026, 5, 21),
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
}
"""The day on which each version ends, of those whose end Meta has told."""

WARN_DAYS: Final = 90
"""A version with fewer days left is worth a warning."""


def days_left(version: str, today: date) -> int | None:
    """Days until the version ends, negative after it; None: its end is not known."""
    end = ENDS.get(version)
    return None if end is None else (end - today).days
