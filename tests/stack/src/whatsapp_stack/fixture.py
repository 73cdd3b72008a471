"""The data that a stack starts with, as `whatsapp-world fixture` prints it."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact of a company."""

    empresa_id: int
    contacto_id: int


@dataclass(frozen=True, slots=True)
class Fixture:
    """Contacts, and one template with a value for each of its variables."""

    recipients: tuple[Recipient, ...]
    plantilla_id: int
    template_name: str
    template_language: str
    evento: str
    variables: dict[str, str]

    def recipient(self, number: int) -> Recipient:
        """The contacts in turn, of the companies in turn, so that a batch never goes to one of them."""
        return self.recipients[number % len(self.recipients)]


def parse_fixture(document: bytes) -> Fixture:
    """Read the document; its first template is the one that is used."""
    parsed = json.loads(document)
    template = parsed["plantillas"][0]
    companies: dict[int, list[Recipient]] = {}
    for one in parsed["contactos"]:
        companies.setdefault(one["empresa_id"], []).append(Recipient(one["empresa_id"], one["id"]))
    return Fixture(
        recipients=tuple(recipient for turn in zip(*companies.values(), strict=True) for recipient in turn),
        plantilla_id=template["id"],
        template_name=template["nombre"],
        template_language=template["idioma"],
        evento=template["evento"],
        variables=dict.fromkeys(template["variables"], "de prueba"),
    )
