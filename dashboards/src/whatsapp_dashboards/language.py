"""The languages that operators read (`ops_language`)."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """Language codes, as in `OPS_LANGUAGE`."""

    ES = "es"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One text in every language."""

    es: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the text in the language."""
        return self.es if language is Language.ES else self.en
