"""What operators change about number, account and token, and the webhooks that Meta then sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Final

from whatsapp_world.clock import Clock
from whatsapp_world.graph import fields, webhook_fields
from whatsapp_world.graph.business import NO_BUSINESS_MESSAGES, Business, HealthOverride, Restriction
from whatsapp_world.graph.fields import InvalidFieldError
from whatsapp_world.graph.health import ENTITY_TYPES, VERDICTS
from whatsapp_world.graph.token import AccessToken
from whatsapp_world.graph.webhook_fields import INTEGER_SHAPE, LIMITS, NEW_SHAPE, OLD_SHAPE
from whatsapp_world.graph.webhook_payload import BusinessNumber, Change

MAX_EPOCH: Final = 2**40
SHAPES: Final = (OLD_SHAPE, NEW_SHAPE, INTEGER_SHAPE)
_PHONE_ENUMS: Final = (
    "quality_rating",
    "status",
    "name_status",
    "code_verification_status",
    "throughput",
    "messaging_limit",
    "account_mode",
    "platform_type",
)
_PHONE_OTHERS: Final = ("verified_name", "application_callback", "callback_overrides", "webhook", "shape")
_ACCOUNT_ENUMS: Final = ("account_review_status", "business_verification_status", "status", "ban_state")
_NAME_DECISIONS: Final[Mapping[str, str]] = {
    "APPROVED": "APPROVED",
    "AVAILABLE_WITHOUT_REVIEW": "APPROVED",
    "DECLINED": "REJECTED",
    "PENDING_REVIEW": "PENDING",
}


class Management:
    """Changes to number, account, token and health.

    Each says in a webhook what Meta would say, unless told ``"webhook": false``.
    """

    def __init__(
        self,
        business: Business,
        token: AccessToken,
        number: BusinessNumber,
        clock: Clock,
        emit: Callable[[Change], None],
    ) -> None:
        """``emit`` sends a webhook."""
        self._business = business
        self._token = token
        self._number = number
        self._clock = clock
        self._emit = emit

    def phone(self) -> dict[str, object]:
        """Return the phone number's state."""
        return asdict(self._business.phone)

    def change_phone(self, document: Mapping[str, object]) -> dict[str, object]:
        """Change the phone number; return its state. Raises InvalidFieldError, changing nothing."""
        fields.only(document, (*_PHONE_ENUMS, *_PHONE_OTHERS))
        shape = fields.choice(document, "shape", SHAPES) or NEW_SHAPE
        wanted = {name: fields.enum_value(document, name) for name in _PHONE_ENUMS}
        wanted |= {name: fields.text(document, name) for name in ("verified_name", "application_callback")}
        overrides = fields.mapping(document, "callback_overrides")
        say = fields.boolean(document, "webhook") is not False
        phone = self._business.phone
        changed = {
            name: value
            for name, value in wanted.items()
            if value is not None and value != getattr(phone, name)
        }
        old_limit = phone.messaging_limit
        for name, value in changed.items():
            setattr(phone, name, value)
        if overrides is not None:
            phone.callback_overrides = {str(key): str(value) for key, value in overrides.items()}
        if say:
            self._say_phone_changed(changed, old_limit, shape)
        return self.phone()

    def account(self) -> dict[str, object]:
        """Return the business account's state."""
        return asdict(self._business.account)

    def change_account(self, document: Mapping[str, object]) -> dict[str, object]:
        """Change the account; return its state. Raises InvalidFieldError, changing nothing."""
        fields.only(
            document,
            (
                *_ACCOUNT_ENUMS,
                *("name", "payment_ok", "restrictions", "subscribed_apps", "violation_type", "webhook"),
            ),
        )
        wanted = {name: fields.enum_value(document, name) for name in _ACCOUNT_ENUMS}
        name, payment_ok = fields.text(document, "name"), fields.boolean(document, "payment_ok")
        restrictions = _restrictions(document)
        subscribed = fields.texts(document, "subscribed_apps", most=20)
        violation = fields.enum_value(document, "violation_type")
        say = fields.boolean(document, "webhook") is not False
        account = self._business.account
        ban_state, had = account.ban_state, account.restrictions
        for field, value in wanted.items():
            if value is not None:
                setattr(account, field, value)
        account.name = name or account.name
        account.payment_ok = account.payment_ok if payment_ok is None else payment_ok
        account.restrictions = had if restrictions is None else restrictions
        account.subscribed_apps = account.subscribed_apps if subscribed is None else subscribed
        if say:
            if account.ban_state != ban_state:
                self._say("account_update", webhook_fields.account_disabled(account.ban_state, self._now()))
            if account.restrictions != had:
                self._say("account_update", webhook_fields.account_restriction(account.restrictions))
            if violation is not None:
                self._say("account_update", webhook_fields.account_violation(violation))
        return self.account()

    def token(self) -> dict[str, object]:
        """Return what may be shown of the token."""
        return self._token.document()

    def change_token(self, document: Mapping[str, object]) -> dict[str, object]:
        """Change the token; return its state. Raises InvalidFieldError, changing nothing.

        ``expires_at`` 0 is never; ``expires_in_seconds`` counts from now.
        """
        fields.only(
            document, ("expires_at", "expires_in_seconds", "data_access_expires_at", "valid", "scopes")
        )
        expires_at = fields.integer(document, "expires_at", 0, MAX_EPOCH)
        expires_in = fields.number(document, "expires_in_seconds", -MAX_EPOCH, MAX_EPOCH)
        data_access = fields.integer(document, "data_access_expires_at", 0, MAX_EPOCH)
        valid, scopes = fields.boolean(document, "valid"), fields.texts(document, "scopes", most=50)
        token = self._token
        if expires_in is not None:
            expires_at = max(1, int(self._now().timestamp() + expires_in))
        token.expires_at = token.expires_at if expires_at is None else expires_at
        token.data_access_expires_at = token.data_access_expires_at if data_access is None else data_access
        token.valid = token.valid if valid is None else valid
        token.scopes = token.scopes if scopes is None else scopes
        return self.token()

    def health(self) -> dict[str, object]:
        """Return the overrides in force."""
        return {name: asdict(override) for name, override in self._business.health.items()}

    def change_health(self, document: Mapping[str, object]) -> dict[str, object]:
        """Override an entity's health, or with ``can_send_message`` null follow the rest again.

        Returns the overrides; raises InvalidFieldError.
        """
        fields.only(document, ("entity_type", "id", "can_send_message", "additional_info", "errors"))
        entity = fields.choice(document, "entity_type", ENTITY_TYPES)
        if entity is None:
            raise InvalidFieldError(f"entity_type must be one of {', '.join(ENTITY_TYPES)}")
        identifier = fields.text(document, "id")
        key = entity if identifier is None else f"{entity}/{identifier}"
        verdict = fields.choice(document, "can_send_message", VERDICTS)
        additional_info = fields.texts(document, "additional_info", most=20) or []
        errors = fields.objects(document, "errors", most=20) or []
        if verdict is None:
            self._business.health.pop(key, None)
        else:
            self._business.health[key] = HealthOverride(verdict, tuple(additional_info), tuple(errors))
        return self.health()

    def _say_phone_changed(self, changed: Mapping[str, str | None], old_limit: str, shape: str) -> None:
        phone = self._business.phone
        if "messaging_limit" in changed:
            rank = list(LIMITS)
            grown = _rank(rank, phone.messaging_limit) >= _rank(rank, old_limit)
            value = webhook_fields.phone_quality(
                self._number,
                "UPGRADE" if grown else "DOWNGRADE",
                old_limit=old_limit,
                limit=phone.messaging_limit,
                shape=shape,
            )
            self._say("phone_number_quality_update", value)
            self._say(
                "business_capability_update",
                webhook_fields.business_capability(phone.messaging_limit, shape=shape),
            )
        if "throughput" in changed:
            value = webhook_fields.phone_quality(
                self._number,
                "THROUGHPUT_UPGRADE" if phone.throughput == "HIGH" else "THROUGHPUT_DOWNGRADE",
                old_limit=None,
                limit="TIER_UNLIMITED" if phone.throughput == "HIGH" else phone.messaging_limit,
                shape=shape,
            )
            self._say("phone_number_quality_update", value)
        if "name_status" in changed:
            value = webhook_fields.phone_name(
                self._number,
                _NAME_DECISIONS.get(phone.name_status, "DEFERRED"),
                name=phone.verified_name,
                rejection_reason="NAME_NOT_CONSISTENT" if phone.name_status == "DECLINED" else None,
            )
            self._say("phone_number_name_update", value)
        if changed.get("status") == "RESTRICTED":
            restriction = Restriction(NO_BUSINESS_MESSAGES)
            self._say("account_update", webhook_fields.account_restriction([restriction]))
        if changed.get("status") == "BANNED":
            self._say("account_update", webhook_fields.account_disabled("DISABLE", self._now()))

    def _say(self, field: str, value: Mapping[str, object]) -> None:
        self._emit(Change(field, value))

    def _now(self) -> datetime:
        return self._clock.now()


def _rank(order: list[str], limit: str) -> int:
    return order.index(limit) if limit in order else len(order)


def _restrictions(document: Mapping[str, object]) -> list[Restriction] | None:
    restrictions = fields.objects(document, "restrictions", most=20)
    if restrictions is None:
        return None
    return [
        Restriction(
            fields.required_text(restriction, "restriction_type"),
            fields.text(restriction, "expiration") or "",
        )
        for restriction in restrictions
    ]
