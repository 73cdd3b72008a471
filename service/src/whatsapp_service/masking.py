"""Masking what logs must not hold: phone numbers, message ids (Meta encodes the number in them) and secrets.

| kept | of |
|---|---|
| `+51*****21` | a phone number, with or without `+`: its first and last two digits |
| `wamid.…MzQ5MkEA` | a message id: its end, enough to find the row by |
| `Bearer …`, `EAA…`, `access_token=…`, `wn_1a2b3c4d5e6f_…`, `://…@host` | a secret: nothing but its kind |
"""

from __future__ import annotations

import re
from typing import Final

_SUSPECT: Final = re.compile(
    r"""(?P<message>\bwamid\.[A-Za-z0-9+/=_.-]+)
    |(?P<key>\bwn_[0-9a-f]{12}_)[A-Za-z0-9_-]+
    |(?P<scheme>\b(?i:bearer)\s+)[^\s"',;…]+
    |(?P<meta>\bEAA)[A-Za-z0-9_-]{8,}
    |(?P<parameter>\b(?:access_token|hub\.verify_token|appsecret_proof|input_token|client_secret)=)[^\s&"'…]+
    |(?P<slack>\bhooks\.slack\.com/)[^\s"'…]+
    |(?P<login>://)[^\s/@:"']*:[^\s/@"'…]+(?=@)
    |(?P<spaced>\+\d[\d ().-]{6,22}\d)
    |(?P<digits>(?:(?<![0-9A-Za-z*])(?<!\d\.)|(?<=%2B))\d{9,15}(?![0-9A-Za-z*]))""",
    re.VERBOSE,
)
_DIGIT: Final = re.compile(r"\d")
_PREFIX: Final = "wamid."
_SHOWN: Final = 8


def mask_message_id(message_id: str) -> str:
    """The end of Meta's message id, at most 8 characters and a quarter of it: `wamid.…MzQ5MkEA`."""
    body = message_id.removeprefix(_PREFIX).rstrip("=")
    shown = min(_SHOWN, len(body) // 4)
    return f"{_PREFIX}…{body[len(body) - shown :]}"


def mask_phone(number: str) -> str:
    """The first and last two digits of a number: `+51*****21`."""
    digits = [character for character in number if character.isdigit()]
    plus = "+" if number.startswith("+") else ""
    return f"{plus}{''.join(digits[:2])}*****{''.join(digits[-2:])}"


def mask_text(text: str) -> str:
    """The text with all masked that looks like a number of 9 to 15 digits, a message id or a secret."""
    # Most texts hold nothing of the kind, which this tells in a fifth of the pattern's time.
    if (
        _DIGIT.search(text)
        or "wamid." in text
        or "wn_" in text
        or "EAA" in text
        or "://" in text
        or "=" in text
        or "slack.com" in text
        or "bearer" in text.lower()
    ):
        return _SUSPECT.sub(_masked, text)
    return text


def _masked(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind == "message":
        return mask_message_id(found[0])
    if kind in {"spaced", "digits"}:
        return mask_phone(found[0])
    return f"{found[kind]}…" if kind else "…"
