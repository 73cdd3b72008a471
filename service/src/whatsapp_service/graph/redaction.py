"""Keeping phone numbers out of stored error texts and logs."""

from __future__ import annotations

import re
from typing import Final

_LONG_NUMBER: Final = re.compile(r"\+?\d{7,}")
_MAX_LENGTH: Final = 300


def redact(text: str) -> str:
    """The text on one line, cut to 300 characters, long numbers replaced."""
    return _LONG_NUMBER.sub("[number]", " ".join(text.split()))[:_MAX_LENGTH]
