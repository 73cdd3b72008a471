"""Statuses of messages as the field ``messages`` of a webhook carries them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status/
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from whatsapp_world.graph.accepted import AcceptedMessage
from whatsapp_world.graph.errors import error_kind
from whatsapp_world.graph.shape import bsuid, contact_without_number
from whatsapp_world.graph.webhook_payload import BusinessNumber, Change, envelope, raw_bytes

LAST_VERSION_WITH_CONVERSATION: Final = 23
CONVERSATION_SECONDS: Final = 86_400
_ARRIVED: Final = frozenset({"delivered", "read"})

ScheduledStatus = tuple[AcceptedMessage, int]
"""A message and the index of one of its steps."""


def status_document(message: AcceptedMessage, index: int) -> dict[str, object]:
    """Return the element of ``statuses[]`` for one step of a message."""
    step, shape = message.steps[index], message.shape
    timestamp = int(message.accepted_at + step.after_seconds - step.age_seconds)
    document: dict[str, object] = {"id": message.id, "status": step.status, "timestamp": str(timestamp)}
    if shape.bsuid:
        document["recipient_user_id"] = bsuid(message.recipient)
    else:
        document["recipient_id"] = message.recipient
    if _is_priced(message, index):
        wanted = shape.conversation
        if message.api_version <= LAST_VERSION_WITH_CONVERSATION if wanted is None else wanted:
            document["conversation"] = _conversation(message, step.status, timestamp)
        if shape.pricing_model != "none":
            document["pricing"] = _pricing(message)
    if step.error_code is not None:
        document["errors"] = [_error(step.error_code)]
    if message.callback_data is not None and shape.callback_data:
        document["biz_opaque_callback_data"] = message.callback_data
    if shape.unknown_fields:
        document["future_status_field"] = {"nested": [1, "dos", None]}
    return document


def statuses_payload(
    statuses: Sequence[ScheduledStatus], number: BusinessNumber, *, pad_to_bytes: int = 0
) -> bytes:
    """Return the body of one webhook request with all these statuses.

    With ``pad_to_bytes`` a member that nobody knows fills the body up to that size.
    """
    plain = [pair for pair in statuses if not pair[0].shape.bsuid]
    changes = [_change([status_document(*pair) for pair in plain], number)] if plain else []
    changes += [
        _change([status_document(*pair)], number, contacts=[contact_without_number(pair[0].recipient)])
        for pair in statuses
        if pair[0].shape.bsuid
    ]
    if any(message.shape.unknown_fields for message, _ in statuses):
        changes.append(Change("field_of_the_future", {"future_value": True}))
    raw = raw_bytes(envelope(number.account_id, changes))
    missing = pad_to_bytes - len(raw) - len(b',"padding":""')
    if missing <= 0:
        return raw
    return raw_bytes(envelope(number.account_id, changes, padding="." * missing))


def _change(
    documents: list[dict[str, object]],
    number: BusinessNumber,
    contacts: list[dict[str, object]] | None = None,
) -> Change:
    value: dict[str, object] = {"messaging_product": "whatsapp", "metadata": number.metadata}
    if contacts is not None:
        value["contacts"] = contacts
    value["statuses"] = documents
    return Change("messages", value)


def _is_priced(message: AcceptedMessage, index: int) -> bool:
    """Whether Meta writes ``conversation`` and ``pricing``: with sent, and with the first of the others."""
    status = message.steps[index].status
    if status == "sent":
        return True
    if status not in _ARRIVED:
        return False
    first = next(step.status for step in message.steps if step.status in _ARRIVED)
    return status == first


def _pricing(message: AcceptedMessage) -> dict[str, object]:
    if message.shape.pricing_model == "CBP":
        return {"billable": True, "pricing_model": "CBP", "category": message.category}
    return {"billable": True, "pricing_model": "PMP", "type": "regular", "category": message.category}


def _conversation(message: AcceptedMessage, status: str, timestamp: int) -> dict[str, object]:
    conversation: dict[str, object] = {
        "id": hashlib.sha256(message.id.encode()).hexdigest()[:32],
        "origin": {"type": message.category},
    }
    if status == "sent":
        conversation["expiration_timestamp"] = str(timestamp + CONVERSATION_SECONDS)
    return conversation


def _error(code: int) -> dict[str, object]:
    title = error_kind(code).title
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": title + "."},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
