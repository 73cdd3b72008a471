"""Members of the JSON objects that operators post under ``/_lab/``, read with their types and limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

MAX_TEXT: Final = 1_024
_ENUM_VALUE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


class InvalidFieldError(ValueError):
    """A posted object cannot be used; the text says which member and why."""


def only(document: Mapping[str, object], allowed: Iterable[str]) -> None:
    """Raise InvalidFieldError when the object has a member that is not among ``allowed``."""
    unknown = sorted(set(document) - set(allowed))
    if unknown:
        raise InvalidFieldError(f"unknown field {unknown[0][:40]!r}")


def text(document: Mapping[str, object], key: str, *, limit: int = MAX_TEXT) -> str | None:
    """Return a string member, None when it is absent or null."""
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value or len(value) > limit:
        raise InvalidFieldError(f"{key} must be a string of 1 to {limit} characters")
    return value


def required_text(document: Mapping[str, object], key: str) -> str:
    """Return a string member that must be there."""
    value = text(document, key)
    if value is None:
        raise InvalidFieldError(f"{key} is needed")
    return value


def enum_value(document: Mapping[str, object], key: str) -> str | None:
    """Return a member that looks like one of Meta's enum values.

    Any such value is taken, known or not: clients must live with those that Meta adds.
    """
    value = text(document, key)
    if value is not None and not _ENUM_VALUE.fullmatch(value):
        raise InvalidFieldError(f"{key} must be an upper-case enum value")
    return value


def choice(document: Mapping[str, object], key: str, allowed: Iterable[str]) -> str | None:
    """Return a string member that must be one of ``allowed``."""
    value = document.get(key)
    names = sorted(allowed)
    if value is None:
        return None
    if not isinstance(value, str) or value not in names:
        raise InvalidFieldError(f"{key} must be one of {', '.join(names)}")
    return value


def boolean(document: Mapping[str, object], key: str) -> bool | None:
    """Return a boolean member, None when it is absent or null."""
    value = document.get(key)
    if value is not None and not isinstance(value, bool):
        raise InvalidFieldError(f"{key} must be a boolean")
    return value


def number(document: Mapping[str, object], key: str, low: float, high: float) -> float | None:
    """Return a number within limits, None when it is absent or null."""
    value = document.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidFieldError(f"{key} must be a number from {low:g} to {high:g}")
    return float(value)


def integer(document: Mapping[str, object], key: str, low: int, high: int) -> int | None:
    """Return an integer within limits, None when it is absent or null."""
    value = document.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidFieldError(f"{key} must be an integer from {low} to {high}")
    return value


def mapping(document: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    """Return a member that is an object, None when it is absent or null."""
    value = document.get(key)
    if value is not None and not isinstance(value, dict):
        raise InvalidFieldError(f"{key} must be an object")
    return value


def objects(document: Mapping[str, object], key: str, *, most: int) -> list[Mapping[str, object]] | None:
    """Return a member that is a list of objects, None when it is absent or null."""
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, dict) for item in value):
        raise InvalidFieldError(f"{key} must be a list of at most {most} objects")
    return value


def texts(document: Mapping[str, object], key: str, *, most: int) -> list[str] | None:
    """Return a member that is a list of strings, None when it is absent or null."""
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > most or not all(isinstance(item, str) for item in value):
        raise InvalidFieldError(f"{key} must be a list of at most {most} strings")
    return value
