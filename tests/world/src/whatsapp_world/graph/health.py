"""``health_status``: whether each entity involved in a message lets it through.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/health-status/: the worst
entity decides; LIMITED ones say more in ``additional_info``, BLOCKED ones in ``errors``. Of the error codes
141002 and 141006 are Meta's; 141000 and 141001 stand for those that it does not publish.
"""

from __future__ import annotations

from typing import Final

from whatsapp_world.graph.business import (
    APP_ID,
    BUSINESS_ID,
    NO_BUSINESS_MESSAGES,
    Business,
    HealthOverride,
)
from whatsapp_world.graph.templates import TemplateState
from whatsapp_world.graph.webhook_payload import BusinessNumber

ENTITY_TYPES: Final = ("PHONE_NUMBER", "MESSAGE_TEMPLATE", "WABA", "BUSINESS", "APP")
VERDICTS: Final = ("AVAILABLE", "LIMITED", "BLOCKED")
_AVAILABLE: Final = HealthOverride("AVAILABLE")


def health_status(
    business: Business,
    number: BusinessNumber,
    *,
    with_phone: bool = False,
    template: TemplateState | None = None,
) -> dict[str, object]:
    """Return the field for the phone number, a template, or (with neither) the account."""
    entities: list[tuple[str, str, HealthOverride]] = []
    if with_phone:
        verdict = business.health.get("PHONE_NUMBER") or _phone(business)
        entities.append(("PHONE_NUMBER", number.phone_number_id, verdict))
    if template is not None:
        override = business.health.get(f"MESSAGE_TEMPLATE/{template.id}") or business.health.get(
            "MESSAGE_TEMPLATE"
        )
        entities.append(("MESSAGE_TEMPLATE", template.id, override or _template(template)))
    entities.append(("WABA", number.account_id, business.health.get("WABA") or _account(business)))
    entities.append(("BUSINESS", BUSINESS_ID, business.health.get("BUSINESS") or _owner(business)))
    entities.append(("APP", APP_ID, business.health.get("APP") or _AVAILABLE))
    worst = max((verdict.can_send_message for _, _, verdict in entities), key=VERDICTS.index)
    return {"can_send_message": worst, "entities": [_document(*entity) for entity in entities]}


def _document(kind: str, identifier: str, verdict: HealthOverride) -> dict[str, object]:
    document: dict[str, object] = {
        "entity_type": kind,
        "id": identifier,
        "can_send_message": verdict.can_send_message,
    }
    if verdict.can_send_message == "LIMITED":
        document["additional_info"] = list(verdict.additional_info)
    if verdict.can_send_message == "BLOCKED":
        document["errors"] = list(verdict.errors)
    return document


def _blocked(code: int, description: str, solution: str) -> HealthOverride:
    error = {"error_code": code, "error_description": description, "possible_solution": solution}
    return HealthOverride("BLOCKED", errors=(error,))


def _phone(business: Business) -> HealthOverride:
    phone = business.phone
    if not phone.registered or phone.status in {"RESTRICTED", "BANNED"}:
        return _blocked(141000, f"The phone number is {phone.status}.", "See its status in WhatsApp Manager.")
    if phone.name_status not in {"APPROVED", "AVAILABLE_WITHOUT_REVIEW"}:
        return HealthOverride(
            "LIMITED",
            ("Your display name has not been approved yet. Your message limit will increase then.",),
        )
    if phone.quality_rating == "RED" or phone.status in {"FLAGGED", "RATE_LIMITED"}:
        return HealthOverride("LIMITED", ("The quality of messages from this phone number is low.",))
    return _AVAILABLE


def _template(state: TemplateState) -> HealthOverride:
    if state.status in {"APPROVED", "REINSTATED"}:
        return _AVAILABLE
    if state.status == "FLAGGED":
        return HealthOverride("LIMITED", ("The template has received negative feedback.",))
    return _blocked(
        141002, f"The template is {state.status}.", "Wait for its review, or edit it and submit it again."
    )


def _account(business: Business) -> HealthOverride:
    account = business.account
    restricted = [restriction.restriction_type for restriction in account.restrictions]
    if account.disabled or NO_BUSINESS_MESSAGES in restricted:
        return _blocked(141001, "The account violates a policy.", "Request a review in Business Support.")
    if not account.payment_ok:
        return _blocked(
            141006,
            "There is an error with the payment method.",
            "There was an error with your payment method. Please add a new payment method to the account.",
        )
    if restricted or account.account_review_status != "APPROVED":
        return HealthOverride("LIMITED", ("The account is restricted or under review.",))
    return _AVAILABLE


def _owner(business: Business) -> HealthOverride:
    if business.account.business_verification_status in {"VERIFIED", "verified"}:
        return _AVAILABLE
    return HealthOverride("LIMITED", ("The business has not passed business verification.",))
