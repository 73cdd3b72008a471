"""The GSM 03.38 basic alphabet: a text message of it holds 160 characters, of anything else 70.

Brackets and a few other signs are in its extension table and take two places each: they are replaced, too.
"""

import unicodedata

MAX_SMS = 160
UNKNOWN = "?"
"""What stands for a character that the alphabet has nothing like."""
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_SIGNS = {"[": "(", "{": "(", "]": ")", "}": ")", "|": "/", "\\": "/", "~": "-", "`": "'", "«": '"', "»": '"'}
_LETTERS = "áíóúÁÍÓÚ"
"""Those of Spanish that the alphabet lacks."""


def is_basic(text: str) -> bool:
    """Say whether every character takes one place of a text message."""
    return all(character in _BASIC for character in text)


def transliterate(text: str) -> str:
    """Return `text` in the basic alphabet: accents that it lacks are dropped, other characters become `?`."""
    return "".join(_basic(character) for character in text)


def template_filter() -> str:
    """Return the same as the tail of a Go template's pipeline, for what is known only when a message is sent.

    It knows the signs and Spanish letters; what else the alphabet lacks, and line breaks, become `?`.
    """
    groups: dict[str, str] = {}
    for character in [*_SIGNS, *_LETTERS]:
        plain = transliterate(character)
        groups[plain] = groups.get(plain, "") + character
    replacements = [(_class("", set(characters)), plain) for plain, characters in groups.items()]
    replacements.append((_class("^", set(_BASIC) - {"\n", "\r"}), "?"))
    return " ".join(
        f"| reReplaceAll {_literal(pattern)} {_literal(plain)}" for pattern, plain in replacements
    )


def _basic(character: str) -> str:
    if character in _BASIC:
        return character
    if character in _SIGNS:
        return _SIGNS[character]
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part in _BASIC)
    return plain or UNKNOWN


def _class(negation: str, characters: set[str]) -> str:
    """Return a character class of RE2, its neighbours as ranges."""
    spans: list[tuple[int, int]] = []
    for code in sorted(map(ord, characters)):
        if spans and spans[-1][1] == code - 1:
            spans[-1] = (spans[-1][0], code)
        else:
            spans.append((code, code))
    written = (f"\\x{{{first:X}}}" + (f"-\\x{{{last:X}}}" if last > first else "") for first, last in spans)
    return f"[{negation}{''.join(written)}]"


def _literal(text: str) -> str:
    """Return a string literal of Go."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
