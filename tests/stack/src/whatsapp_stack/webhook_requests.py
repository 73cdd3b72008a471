"""Signed status webhooks as Meta sends them, ready to be written to a connection.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status/
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_stack.http_connection import build_request
from whatsapp_stack.stack import PHONE_NUMBER_ID, WEBHOOK_PATH


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """One element of `statuses`."""

    message_id: str
    notification_id: int
    status: str

    def document(self, padding: str = "") -> dict[str, object]:
        """As Meta writes it; `padding` makes it longer without saying more."""
        document: dict[str, object] = {
            "id": self.message_id,
            "status": self.status,
            "timestamp": str(int(time.time())),
            "recipient_id": "51900000000",
            "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
            "biz_opaque_callback_data": str(self.notification_id),
        }
        if padding:
            document["padding"] = padding
        return document


def webhook_body(statuses: Sequence[MessageStatus], *, size: int = 0) -> bytes:
    """The body of one request, made up to about `size` bytes (Meta's largest: 1,000 statuses, 3 MB)."""
    body = _body(statuses, "")
    missing = (size - len(body)) // len(statuses)
    return _body(statuses, "x" * missing) if missing > 0 else body


def webhook_request(body: bytes, app_secret: str) -> bytes:
    """The whole request, signed."""
    return build_request("POST", WEBHOOK_PATH, headers=webhook_signature(body, app_secret), body=body)


def webhook_signature(body: bytes, app_secret: str) -> dict[str, str]:
    """The header that shows who sent the body."""
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}"}


def _body(statuses: Sequence[MessageStatus], padding: str) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5117000000", "phone_number_id": PHONE_NUMBER_ID},
        "statuses": [status.document(padding) for status in statuses],
    }
    document = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}],
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")
