"""What the traffic asks for: random but repeatable notifications from a fixture document."""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatsapp_world.clock import iso_utc
from whatsapp_world.fixture.catalogue import PROJECTS
from whatsapp_world.fixture.document import Contact, FixtureDocument

REASONS = ("metrado sin sustento", "falta el panel fotográfico", "partida no contratada")
EARLIEST_MINUTES = 5
LATEST_MINUTES = 120


@dataclass(frozen=True)
class NotificationRequest:
    """A body for ``POST /api/notifications`` and the key that makes repeating it harmless."""

    body: dict[str, object]
    idempotency_key: str


class RequestSource:
    """Draw notifications for the companies, contacts and templates of a document."""

    def __init__(self, document: FixtureDocument, randomness: random.Random, *, future_share: float) -> None:
        self._document = document
        self._random = randomness
        self._future_share = future_share

    def draw(self, now: datetime) -> NotificationRequest:
        """Return the next notification; a share of them is for 5 minutes to 2 hours from ``now``."""
        contact = self._random.choice(self._document["contactos"])
        template = self._random.choice(self._document["plantillas"])
        valuation = self._random.randint(1, 9_999)
        body: dict[str, object] = {
            "empresa_id": contact["empresa_id"],
            "contacto_id": contact["id"],
            "plantilla_id": template["id"],
            "valorizacion_id": valuation,
            "variables": {name: self._value(name, contact, valuation, now) for name in template["variables"]},
        }
        if self._random.random() < self._future_share:
            minutes = self._random.randint(EARLIEST_MINUTES, LATEST_MINUTES)
            body["programada_para"] = iso_utc(now + timedelta(minutes=minutes))
        return NotificationRequest(body, str(uuid.uuid4()))

    def _value(self, name: str, contact: Contact, valuation: int, now: datetime) -> str:
        values = {
            "contacto_nombre": contact["nombre"],
            "valorizacion_numero": f"N.º {valuation:04d}",
            "proyecto": self._random.choice(PROJECTS),
            "monto": f"{self._random.randint(5_000, 900_000):,}.{self._random.randint(0, 99):02d}",
            "fecha": (now + timedelta(days=self._random.randint(1, 15))).strftime("%d/%m/%Y"),
            "motivo": self._random.choice(REASONS),
        }
        return values.get(name, "sin dato")
