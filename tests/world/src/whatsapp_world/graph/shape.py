"""The forms in which Meta has written statuses, or may write them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StatusShape:
    """How a message's statuses are written.

    ``conversation`` None follows the API version (present up to v23); ``pricing_model`` is PMP, CBP (before
    July 2025, without ``type``) or none; ``bsuid`` leaves out the phone number, ``callback_data`` False
    the callback data; ``unknown_fields`` adds members that nobody knows yet.
    """

    conversation: bool | None = None
    pricing_model: str = "PMP"
    bsuid: bool = False
    callback_data: bool = True
    unknown_fields: bool = False


PLAIN_SHAPE: Final = StatusShape()


def bsuid(recipient: str) -> str:
    """Return the business-scoped user id of a phone number's owner: country, point, digits.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/
    """
    digest = int(hashlib.sha256(recipient.encode()).hexdigest()[:16], 16)
    return f"PE.{10**17 + digest % (9 * 10**17)}"


def contact_without_number(recipient: str) -> dict[str, object]:
    """Return the ``contacts`` element of somebody who hides their number."""
    user_id = bsuid(recipient)
    return {"profile": {"name": "Contacto", "username": f"contacto.{user_id[-6:]}"}, "user_id": user_id}
