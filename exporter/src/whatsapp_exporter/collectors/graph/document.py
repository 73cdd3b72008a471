"""A JSON object of Meta's, read field by field: one of a wrong type takes nothing but its own series away."""

from collections.abc import Mapping, Sequence

from whatsapp_exporter.json_fields import JsonFields
from whatsapp_exporter.label_value import label_value


class Document:
    """An object's fields. `problems` names those that are there and of a wrong type."""

    def __init__(self, fields: JsonFields) -> None:
        self._fields = fields

    @property
    def problems(self) -> list[str]:
        """What is wrong, also in the objects within."""
        return self._fields.problems

    def __contains__(self, name: str) -> bool:
        return not self._fields.is_absent((name,))

    def text(self, name: str) -> str | None:
        """Return a text; None when absent."""
        return self._fields.text((name,))

    def state(self, name: str) -> str | None:
        """Return a text as a label's value, in capitals as Meta mostly writes states; None when absent."""
        value = self.text(name)
        return None if value is None else state_label(value)

    def number(self, name: str) -> float | None:
        """Return a number; None when absent."""
        return self._fields.number((name,))

    def moment(self, name: str) -> float | None:
        """Return a Unix time, 0 for never; None when absent or before 1970."""
        value = self.number(name)
        if value is not None and value < 0:
            self._fields.note((name,), "is not a time")
            return None
        return value

    def boolean(self, name: str) -> bool | None:
        """Return true or false; None when absent."""
        return self._fields.boolean((name,))

    def within(self, name: str) -> "Document | None":
        """Return an object within, which tells its problems here; None when absent."""
        members = self._fields.members((name,))
        return None if members is None else self._inner(name, members)

    def entries(self, name: str, most: int) -> "Sequence[Document]":
        """Return the first objects of a list; none when absent."""
        found = []
        for value in (self._fields.items((name,)) or ())[:most]:
            if isinstance(value, dict):
                found.append(self._inner(name, value))
            else:
                self._fields.note((name,), "is not a list of objects")
        return found

    def texts(self, name: str) -> Sequence[str] | None:
        """Return the texts of a list; None when absent."""
        if name not in self:
            return None
        found = []
        for value in self._fields.items((name,)) or ():
            if isinstance(value, str):
                found.append(value)
            else:
                self._fields.note((name,), "is not a list of texts")
        return found

    def _inner(self, name: str, content: Mapping[str, object]) -> "Document":
        return Document(JsonFields(content, self.problems, (*self._fields.at, name)))


def state_label(value: str) -> str:
    """Return a state of Meta's as a label's value."""
    return label_value(value.upper() if value.isascii() else value)
