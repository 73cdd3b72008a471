"""Status webhooks as Meta writes and signs them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status/
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from whatsapp_world.graph.errors import error_kind

SIGNATURE_HEADER = "X-Hub-Signature-256"
LAST_VERSION_WITH_CONVERSATION = 23
CONVERSATION_SECONDS = 86_400


@dataclass(frozen=True)
class BusinessNumber:
    """The sender: its business account, its phone number id and its number as shown (``+51 …``)."""

    account_id: str
    phone_number_id: str
    display_number: str
    verified_name: str

    @property
    def digits(self) -> str:
        """The display number without separators."""
        return "".join(character for character in self.display_number if character.isdecimal())


@dataclass(frozen=True)
class StatusEvent:
    """One status of one message, at the time it came about."""

    message_id: str
    recipient: str
    status: str
    happened_at: datetime
    category: str
    api_version: int
    callback_data: str | None = None
    error_code: int | None = None

    def document(self) -> dict[str, object]:
        """Return the element of ``statuses[]``."""
        timestamp = int(self.happened_at.timestamp())
        document: dict[str, object] = {
            "id": self.message_id,
            "status": self.status,
            "timestamp": str(timestamp),
            "recipient_id": self.recipient,
        }
        if self.status in {"sent", "delivered"}:
            if self.api_version <= LAST_VERSION_WITH_CONVERSATION:
                document["conversation"] = self._conversation(timestamp)
            document["pricing"] = {
                "billable": True,
                "pricing_model": "PMP",
                "type": "regular",
                "category": self.category,
            }
        if self.error_code is not None:
            title = error_kind(self.error_code).title
            document["errors"] = [
                {
                    "code": self.error_code,
                    "title": title,
                    "message": title,
                    "error_data": {"details": title + "."},
                    "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
                }
            ]
        if self.callback_data is not None:
            document["biz_opaque_callback_data"] = self.callback_data
        return document

    def _conversation(self, timestamp: int) -> dict[str, object]:
        conversation: dict[str, object] = {
            "id": hashlib.sha256(self.message_id.encode()).hexdigest()[:32],
            "origin": {"type": self.category},
        }
        if self.status == "sent":
            conversation["expiration_timestamp"] = str(timestamp + CONVERSATION_SECONDS)
        return conversation


def payload_bytes(events: Sequence[StatusEvent], number: BusinessNumber) -> bytes:
    """Return the body of one webhook request; non-ASCII text is escaped, as Meta does before it signs."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.digits, "phone_number_id": number.phone_number_id},
        "statuses": [event.document() for event in events],
    }
    document = {
        "object": "whatsapp_business_account",
        "entry": [{"id": number.account_id, "changes": [{"value": value, "field": "messages"}]}],
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def signature(app_secret: str, raw: bytes) -> str:
    """Return ``sha256=<hex of HMAC-SHA256 over the raw bytes>``."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()
