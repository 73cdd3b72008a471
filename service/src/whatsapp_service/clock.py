"""The current moment, as a value that can be injected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Gives the current moment with a time zone."""


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)
