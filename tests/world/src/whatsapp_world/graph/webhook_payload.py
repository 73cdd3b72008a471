"""Webhook bodies as Meta writes and signs them: envelope, escaping, signature.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview/
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import orjson

SIGNATURE_HEADER: Final = "X-Hub-Signature-256"
MAX_UPDATES: Final = 1_000
MAX_PAYLOAD_BYTES: Final = 3 * 1024 * 1024


@dataclass(frozen=True)
class BusinessNumber:
    """The sender: its business account, its phone number id and its number as shown (``+51 …``)."""

    account_id: str
    phone_number_id: str
    display_number: str
    verified_name: str

    @cached_property
    def digits(self) -> str:
        """The display number without separators."""
        return "".join(character for character in self.display_number if character.isdecimal())

    @cached_property
    def metadata(self) -> dict[str, object]:
        """The ``metadata`` of the field ``messages``."""
        return {"display_phone_number": self.digits, "phone_number_id": self.phone_number_id}


@dataclass(frozen=True)
class Change:
    """One element of ``changes``."""

    field: str
    value: Mapping[str, object]


def envelope(
    account_id: str, changes: Sequence[Change], *, time: int | None = None, **extra: object
) -> dict[str, object]:
    """Return a webhook's document; ``time`` (epoch seconds) is there for every field but ``messages``.

    ``extra`` members join the entry's.
    """
    entry: dict[str, object] = {"id": account_id}
    if time is not None:
        entry["time"] = time
    entry["changes"] = [{"value": change.value, "field": change.field} for change in changes]
    return {"object": "whatsapp_business_account", "entry": [{**entry, **extra}]}


def raw_bytes(document: object) -> bytes:
    """Return a document's JSON with non-ASCII text escaped, as Meta does before it signs."""
    try:
        raw = orjson.dumps(document)
    except orjson.JSONEncodeError:  # such as half a surrogate pair, which JSON can escape
        raw = b"\x80"
    # The standard library escapes, slowly; most documents need none of it.
    return raw if raw.isascii() else json.dumps(document, separators=(",", ":")).encode("ascii")


def signature(app_secret: str, raw: bytes) -> str:
    """Return ``sha256=<hex of HMAC-SHA256 over the raw bytes>``."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()
