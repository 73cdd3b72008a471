"""What the commands say, in the operators' language (``OPS_LANGUAGE``: ``es`` or ``en``)."""

from collections.abc import Mapping
from typing import NamedTuple

from whatsapp_service.ops.catalogue import CATALOGUE


class Text(NamedTuple):
    """One text in both languages; ``{names}`` are filled in by `str.format`."""

    es: str
    en: str


TEXTS: Mapping[str, Text] = {key: Text(*pair) for key, pair in CATALOGUE.items()}


class Texts:
    """Looks texts up in one language."""

    def __init__(self, language: str) -> None:
        """`language` is ``es`` or ``en``."""
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The text `key` with its names filled in.

        Raises:
            KeyError: there is no such text, or a name in it has no value (a mistake in the code).
        """
        text = TEXTS[key]
        return (text.en if self.language == "en" else text.es).format(**values)
