"""A JSON object of Meta's, read field by field: one of a wrong type takes nothing but its own series away."""

import math
from collections.abc import Mapping, Sequence

from whatsapp_exporter.label_value import label_value


def number(value: object) -> float | None:
    """Return a JSON number as a float; None for what is none or has no place in a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


class Document:
    """An object's fields. `problems` names those that are there and of a wrong type."""

    def __init__(
        self, content: Mapping[str, object], problems: list[str] | None = None, at: str = ""
    ) -> None:
        self._content = content
        self._at = at
        self.problems: list[str] = [] if problems is None else problems

    def __contains__(self, name: str) -> bool:
        return self._content.get(name) is not None

    def text(self, name: str) -> str | None:
        """Return a text; None when absent."""
        value = self._content.get(name)
        if value is None or isinstance(value, str):
            return value
        self._wrong(name, "a text")
        return None

    def state(self, name: str) -> str | None:
        """Return a text as a label's value, in capitals as Meta mostly writes states; None when absent."""
        value = self.text(name)
        return None if value is None else state_label(value)

    def number(self, name: str) -> float | None:
        """Return a number; None when absent."""
        value = self._content.get(name)
        if value is None:
            return None
        converted = number(value)
        if converted is None:
            self._wrong(name, "a number")
        return converted

    def moment(self, name: str) -> float | None:
        """Return a Unix time, 0 for never; None when absent or before 1970."""
        value = self.number(name)
        if value is not None and value < 0:
            self._wrong(name, "a time")
            return None
        return value

    def boolean(self, name: str) -> bool | None:
        """Return true or false; None when absent."""
        value = self._content.get(name)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(name, "true or false")
        return None

    def within(self, name: str) -> "Document | None":
        """Return an object within, which tells its problems here; None when absent."""
        value = self._content.get(name)
        if isinstance(value, dict):
            return Document(value, self.problems, f"{self._at}{name}.")
        if value is not None:
            self._wrong(name, "an object")
        return None

    def entries(self, name: str, most: int) -> "Sequence[Document]":
        """Return the first objects of a list; none when absent."""
        found = []
        for value in self._list(name)[:most]:
            if isinstance(value, dict):
                found.append(Document(value, self.problems, f"{self._at}{name}."))
            else:
                self._wrong(name, "a list of objects")
        return found

    def texts(self, name: str) -> Sequence[str] | None:
        """Return the texts of a list; None when absent."""
        if self._content.get(name) is None:
            return None
        found = []
        for value in self._list(name):
            if isinstance(value, str):
                found.append(value)
            else:
                self._wrong(name, "a list of texts")
        return found

    def _list(self, name: str) -> Sequence[object]:
        value = self._content.get(name)
        if isinstance(value, list):
            return value
        if value is not None:
            self._wrong(name, "a list")
        return ()

    def _wrong(self, name: str, kind: str) -> None:
        problem = f"{self._at}{name} is not {kind}"
        if problem not in self.problems:
            self.problems.append(problem)


def state_label(value: str) -> str:
    """Return a state of Meta's as a label's value."""
    return label_value(value.upper() if value.isascii() else value)
