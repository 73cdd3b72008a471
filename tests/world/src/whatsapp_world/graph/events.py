"""``POST /_lab/events``: webhooks of any field, with an operator's values or those of Meta's samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from whatsapp_world.clock import Clock
from whatsapp_world.graph import fields, webhook_fields
from whatsapp_world.graph.business import BUSINESS_ID, NO_BUSINESS_MESSAGES, Restriction
from whatsapp_world.graph.fields import InvalidFieldError
from whatsapp_world.graph.management import SHAPES
from whatsapp_world.graph.template_management import ANNOUNCED_SECONDS, TemplateManagement
from whatsapp_world.graph.templates import TemplateState
from whatsapp_world.graph.webhook_fields import NEW_SHAPE
from whatsapp_world.graph.webhook_payload import BusinessNumber, Change

MAX_TEXT: Final = 4_096
DEFAULT_SENDER: Final = "51987000000"

Document = Mapping[str, object]


class Events:
    """Builds the webhook that an operator asks for; it changes no state."""

    def __init__(
        self,
        number: BusinessNumber,
        templates: TemplateManagement,
        clock: Clock,
        message_id: Callable[[], str],
    ) -> None:
        self._number = number
        self._templates = templates
        self._clock = clock
        self._message_id = message_id

    def build(self, document: Document) -> Change:
        """Return the webhook's change for ``{"field": …}``; raise InvalidFieldError."""
        field = fields.choice(document, "field", EVENT_KINDS)
        if field is None:
            raise InvalidFieldError(f"field must be one of {', '.join(sorted(EVENT_KINDS))}")
        kind = EVENT_KINDS[field]
        fields.only(document, ("field", *kind.members))
        return Change(field, kind.build(self, document))

    def _template_status(self, document: Document) -> Mapping[str, object]:
        return webhook_fields.template_status(
            self._template(document),
            fields.enum_value(document, "event") or "APPROVED",
            reason=fields.enum_value(document, "reason") or "NONE",
            title=fields.enum_value(document, "title"),
            description=fields.text(document, "description"),
            now=self._now(),
        )

    def _template_quality(self, document: Document) -> Mapping[str, object]:
        value = webhook_fields.template_quality(
            self._template(document), fields.enum_value(document, "previous") or "GREEN"
        )
        return {**value, "new_quality_score": fields.enum_value(document, "new") or "YELLOW"}

    def _template_category(self, document: Document) -> Mapping[str, object]:
        announced = fields.boolean(document, "announced") or False
        return webhook_fields.template_category(
            self._template(document),
            new=fields.enum_value(document, "new") or "MARKETING",
            at=int(self._now().timestamp()) + ANNOUNCED_SECONDS if announced else None,
        )

    def _phone_quality(self, document: Document) -> Mapping[str, object]:
        return webhook_fields.phone_quality(
            self._number,
            fields.enum_value(document, "event") or "UPGRADE",
            old_limit=fields.enum_value(document, "old_limit"),
            limit=fields.enum_value(document, "limit") or "TIER_10K",
            shape=fields.choice(document, "shape", SHAPES) or NEW_SHAPE,
        )

    def _phone_name(self, document: Document) -> Mapping[str, object]:
        return webhook_fields.phone_name(
            self._number,
            fields.enum_value(document, "decision") or "APPROVED",
            name=fields.text(document, "name") or self._number.verified_name,
            rejection_reason=fields.enum_value(document, "rejection_reason"),
        )

    def _capability(self, document: Document) -> Mapping[str, object]:
        return webhook_fields.business_capability(
            fields.enum_value(document, "limit") or "TIER_2K",
            shape=fields.choice(document, "shape", SHAPES) or NEW_SHAPE,
        )

    def _account(self, document: Document) -> Mapping[str, object]:
        event = fields.enum_value(document, "event") or "ACCOUNT_VIOLATION"
        if event == "ACCOUNT_RESTRICTION":
            restriction = fields.enum_value(document, "restriction_type") or NO_BUSINESS_MESSAGES
            expiration = fields.text(document, "expiration") or ""
            return webhook_fields.account_restriction([Restriction(restriction, expiration)])
        if event == "ACCOUNT_VIOLATION":
            return webhook_fields.account_violation(fields.enum_value(document, "violation_type") or "SCAM")
        if event == "DISABLED_UPDATE":
            ban_state = fields.enum_value(document, "ban_state") or "DISABLE"
            return webhook_fields.account_disabled(ban_state, self._now())
        return {"event": event}

    def _alert(self, document: Document) -> Mapping[str, object]:
        return webhook_fields.account_alert(
            fields.text(document, "entity_id") or BUSINESS_ID,
            entity_type=fields.enum_value(document, "entity_type") or "BUSINESS",
            severity=fields.enum_value(document, "severity") or "CRITICAL",
            status=fields.enum_value(document, "status") or "ACTIVE",
            alert_type=fields.enum_value(document, "type") or "INCREASED_CAPABILITIES_ELIGIBILITY_FAILED",
            description=fields.text(document, "description") or "Limits cannot be increased at this time.",
        )

    def _security(self, document: Document) -> Mapping[str, object]:
        return webhook_fields.security(
            self._number,
            fields.enum_value(document, "event") or "PIN_RESET_REQUEST",
            requester=fields.text(document, "requester") or "61555822107539",
        )

    def _inbound(self, document: Document) -> Mapping[str, object]:
        sender = self.sender(document)
        return webhook_fields.inbound_text(
            self._number,
            message_id=self._message_id(),
            sender=sender,
            name=fields.text(document, "name") or "Contacto",
            text=fields.text(document, "text", limit=MAX_TEXT) or "Hola",
            hides_number=fields.boolean(document, "bsuid") or False,
            now=self._now(),
        )

    def sender(self, document: Document) -> str:
        """Return the number that an inbound message comes from."""
        sender = fields.text(document, "from", limit=15) or DEFAULT_SENDER
        if not (sender.isascii() and sender.isdecimal()):
            raise InvalidFieldError("from must hold digits only")
        return sender

    def _template(self, document: Document) -> TemplateState:
        return self._templates.find(document)

    def _now(self) -> datetime:
        return self._clock.now()


@dataclass(frozen=True)
class EventKind:
    """How a field's value is built, and which members an operator may give."""

    build: Callable[[Events, Document], Mapping[str, object]]
    members: tuple[str, ...]


EVENT_KINDS: Final[Mapping[str, EventKind]] = {
    "message_template_status_update": EventKind(
        Events._template_status, ("name", "language", "event", "reason", "title", "description")
    ),
    "message_template_quality_update": EventKind(
        Events._template_quality, ("name", "language", "previous", "new")
    ),
    "template_category_update": EventKind(
        Events._template_category, ("name", "language", "new", "announced")
    ),
    "phone_number_quality_update": EventKind(Events._phone_quality, ("event", "old_limit", "limit", "shape")),
    "phone_number_name_update": EventKind(Events._phone_name, ("decision", "name", "rejection_reason")),
    "business_capability_update": EventKind(Events._capability, ("limit", "shape")),
    "account_update": EventKind(
        Events._account, ("event", "restriction_type", "expiration", "violation_type", "ban_state")
    ),
    "account_alerts": EventKind(
        Events._alert, ("entity_type", "entity_id", "severity", "status", "type", "description")
    ),
    "security": EventKind(Events._security, ("event", "requester")),
    "messages": EventKind(Events._inbound, ("from", "name", "text", "bsuid")),
}
