"""Values of the webhook fields beside ``messages``' statuses, as Meta's reference shows them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/ and its pages
for message_template_status_update, message_template_quality_update, template_category_update,
phone_number_quality_update, phone_number_name_update, business_capability_update, account_update,
account_alerts, security and messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from whatsapp_world.graph.business import Restriction
from whatsapp_world.graph.shape import bsuid, contact_without_number
from whatsapp_world.graph.templates import TemplateState
from whatsapp_world.graph.webhook_payload import BusinessNumber

LIMITS: Final[Mapping[str, int]] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": -1,
}
OLD_SHAPE: Final = "old"
NEW_SHAPE: Final = "new"
INTEGER_SHAPE: Final = "integer"


def _template(state: TemplateState) -> dict[str, object]:
    return {
        "message_template_id": int(state.id),
        "message_template_name": state.template.name,
        "message_template_language": state.template.language,
    }


def template_status(
    state: TemplateState,
    event: str,
    *,
    reason: str = "NONE",
    title: str | None = None,
    description: str | None = None,
    now: datetime,
) -> dict[str, object]:
    """``message_template_status_update``; ``title`` such as FIRST_PAUSE goes into ``other_info``."""
    value: dict[str, object] = {
        "event": event,
        **_template(state),
        "reason": reason,
        "message_template_category": state.template.category.upper(),
    }
    if event == "DISABLED":
        value["disable_info"] = {"disable_date": int(now.timestamp())}
    if title is not None:
        value["other_info"] = {"title": title, "description": description or ""}
    if event == "REJECTED" and reason == "INVALID_FORMAT":
        value["rejection_info"] = {
            "reason": description or "The template's format is not valid.",
            "recommendation": "Correct the placeholders and submit the template again.",
        }
    return value


def template_quality(state: TemplateState, previous: str) -> dict[str, object]:
    """``message_template_quality_update``, from ``previous`` to the template's present quality."""
    return {
        "previous_quality_score": previous,
        "new_quality_score": state.quality,
        **_template(state),
    }


def template_category(state: TemplateState, *, new: str, at: int | None = None) -> dict[str, object]:
    """``template_category_update``: done, or (with ``at``, epoch seconds) announced."""
    current = state.template.category.upper()
    if at is not None:
        return {
            **_template(state),
            "correct_category": new,
            "new_category": current,
            "category_update_timestamp": at,
        }
    previous = (state.previous_category or state.template.category).upper()
    return {**_template(state), "previous_category": previous, "new_category": new}


def phone_quality(
    number: BusinessNumber, event: str, *, old_limit: str | None, limit: str, shape: str
) -> dict[str, object]:
    """``phone_number_quality_update``: limit or throughput, not quality.

    Up to February 2026 (OLD_SHAPE) with ``current_limit``, since then with
    ``max_daily_conversations_per_business`` instead.
    """
    value: dict[str, object] = {"display_phone_number": number.digits, "event": event}
    if shape == OLD_SHAPE:
        if old_limit is not None:
            value["old_limit"] = old_limit
        value["current_limit"] = limit
    else:
        value["max_daily_conversations_per_business"] = limit
    return value


def business_capability(limit: str, *, shape: str) -> dict[str, object]:
    """``business_capability_update``: the limit as TIER_2K (documented) or as 2000 (Meta's own sample).

    OLD_SHAPE is the member that was to go in February 2026.
    """
    amount: object = LIMITS.get(limit, limit)
    value: dict[str, object] = {"max_daily_conversations_per_business": limit}
    if shape == OLD_SHAPE:
        value = {"max_daily_conversation_per_phone": amount}
    elif shape == INTEGER_SHAPE:
        value = {"max_daily_conversations_per_business": amount}
    if limit == "TIER_250":
        return {**value, "max_phone_numbers_per_business": 2}
    return {**value, "max_phone_numbers_per_waba": 25}


def phone_name(
    number: BusinessNumber, decision: str, *, name: str, rejection_reason: str | None = None
) -> dict[str, object]:
    """``phone_number_name_update``: APPROVED, DEFERRED, PENDING or REJECTED."""
    return {
        "display_phone_number": number.digits,
        "decision": decision,
        "requested_verified_name": name,
        "rejection_reason": rejection_reason,
    }


def account_restriction(restrictions: Sequence[Restriction]) -> dict[str, object]:
    """``account_update`` with ACCOUNT_RESTRICTION."""
    return {
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [
            {"restriction_type": restriction.restriction_type}
            | ({"expiration": restriction.expiration} if restriction.expiration else {})
            for restriction in restrictions
        ],
    }


def account_violation(violation_type: str) -> dict[str, object]:
    """``account_update`` with ACCOUNT_VIOLATION."""
    return {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": violation_type}}


def account_disabled(ban_state: str, now: datetime) -> dict[str, object]:
    """``account_update`` with DISABLED_UPDATE: DISABLE, SCHEDULE_FOR_DISABLE or REINSTATE."""
    date = f"{now:%B} {now.day}, {now.year}"
    return {
        "event": "DISABLED_UPDATE",
        "ban_info": {"waba_ban_state": ban_state, "waba_ban_date": date},
    }


def account_alert(
    entity_id: str, *, entity_type: str, severity: str, status: str, alert_type: str, description: str
) -> dict[str, object]:
    """``account_alerts``."""
    return {
        "entity_type": entity_type,
        "entity_id": entity_id,
        "alert_info": {
            "alert_severity": severity,
            "alert_status": status,
            "alert_type": alert_type,
            "alert_description": description,
        },
    }


def security(number: BusinessNumber, event: str, *, requester: str) -> dict[str, object]:
    """``security``: PIN_CHANGED, PIN_RESET_REQUEST or PIN_REQUEST_SUCCESS."""
    value: dict[str, object] = {"display_phone_number": number.digits, "event": event}
    if event == "PIN_RESET_REQUEST":
        value["requester"] = requester
    return value


def inbound_text(
    number: BusinessNumber,
    *,
    message_id: str,
    sender: str,
    name: str,
    text: str,
    hides_number: bool,
    now: datetime,
) -> dict[str, object]:
    """``messages`` with a text that somebody wrote to the business."""
    message: dict[str, object] = {
        "id": message_id,
        "timestamp": str(int(now.astimezone(UTC).timestamp())),
        "type": "text",
        "text": {"body": text},
    }
    if hides_number:
        contact = contact_without_number(sender)
        message["from_user_id"] = bsuid(sender)
    else:
        contact = {"profile": {"name": name}, "wa_id": sender}
        message["from"] = sender
    return {
        "messaging_product": "whatsapp",
        "metadata": number.metadata,
        "contacts": [contact],
        "messages": [message],
    }
