"""Read a JSON document field by field: a wrong field is noted and takes nothing but itself away."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

FieldPath = tuple[str, ...]
"""The names that lead to a field, from the outside in."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def finite_number(value: object) -> float | None:
    """Return a JSON number as a float; None for what is none or has no place in a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class JsonFields:
    """An object of the document. Fields that are absent or null are None; `problems` tells what is wrong.

    The problems name fields by `at`, where the object lies, and the paths that are asked for; they repeat
    nothing that the document holds.
    """

    content: Mapping[str, object]
    problems: list[str] = field(default_factory=list)
    at: FieldPath = ()

    def number(self, path: FieldPath) -> float | None:
        """Return a number, never infinite and never NaN."""
        value = self._value(path)
        if value is None:
            return None
        number = finite_number(value)
        if number is None:
            self.note(path, "is not a number")
        return number

    def boolean(self, path: FieldPath) -> bool | None:
        """Return true or false."""
        value = self._value(path)
        if value is None or isinstance(value, bool):
            return value
        self.note(path, "is neither true nor false")
        return None

    def timestamp(self, path: FieldPath) -> float | None:
        """Return the Unix time of an ISO 8601 date with a time; one without a zone is UTC."""
        value = self._value(path)
        if value is None:
            return None
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            try:
                moment = datetime.fromisoformat(value)
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            except (ValueError, OverflowError):  # the 31st of February, an offset of 99 hours
                pass
        self.note(path, "is not a time")
        return None

    def text(self, path: FieldPath) -> str | None:
        """Return a text as it is: of any length and with any character."""
        value = self._value(path)
        if value is None or isinstance(value, str):
            return value
        self.note(path, "is not a text")
        return None

    def items(self, path: FieldPath) -> Sequence[object] | None:
        """Return a list."""
        value = self._value(path)
        if value is None or isinstance(value, list):
            return value
        self.note(path, "is not a list")
        return None

    def members(self, path: FieldPath) -> Mapping[str, object] | None:
        """Return the members of an object."""
        value = self._value(path)
        if value is None or isinstance(value, dict):
            return value
        self.note(path, "is not an object")
        return None

    def is_absent(self, path: FieldPath) -> bool:
        """Return whether the document has nothing there, or null."""
        value: object = self.content
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else value
        return value is None

    def note(self, path: FieldPath, what: str) -> None:
        """Note a problem once."""
        problem = f"{'.'.join((*self.at, *path))} {what}"
        if problem not in self.problems:
            self.problems.append(problem)

    def _value(self, path: FieldPath) -> object:
        value: object = self.content
        for depth, name in enumerate(path):
            if value is None:
                return None
            if not isinstance(value, Mapping):
                self.note(path[:depth], "is not an object")
                return None
            value = value.get(name)
        return value
