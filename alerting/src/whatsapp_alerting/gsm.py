"""The GSM 03.38 basic alphabet: a text message of it holds 160 characters, of anything else 70."""

import unicodedata

MAX_SMS = 160
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def is_basic(text: str) -> bool:
    """Say whether every character takes one place of a text message."""
    return all(character in _BASIC for character in text)


def transliterate(text: str) -> str:
    """Return `text` in the basic alphabet: accents that it lacks are dropped, other characters become `?`."""
    return "".join(_basic(character) for character in text)


def _basic(character: str) -> str:
    if character in _BASIC:
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part in _BASIC)
    return plain or "?"
