"""The business account and its phone number: what Meta thinks of them, and which sends that forbids.

Fields and values after Meta's OpenAPI and the references of the phone number and account nodes. Which error
follows from which status Meta says only in part; where it does not, the mapping is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from whatsapp_world.graph.errors import GraphError

APP_ID: Final = "634974688087057"
APP_NAME: Final = "notificaciones"
BUSINESS_ID: Final = "506914307656634"
NO_BUSINESS_MESSAGES: Final = "RESTRICTED_BIZ_INITIATED_MESSAGING"
_UNREGISTERED: Final = frozenset({"PENDING", "DISCONNECTED", "MIGRATED", "UNVERIFIED"})
_STATUS_ERRORS: Final[Mapping[str, int]] = {
    "BANNED": 131031,
    "DELETED": 33,
    "RATE_LIMITED": 130429,
    "RESTRICTED": 131048,
    **dict.fromkeys(_UNREGISTERED, 133010),
}


@dataclass
class Phone:
    """The phone number node. ``callback_overrides`` are the ``webhook_configuration`` beside the app's."""

    verified_name: str
    quality_rating: str = "GREEN"
    status: str = "CONNECTED"
    name_status: str = "APPROVED"
    code_verification_status: str = "VERIFIED"
    throughput: str = "STANDARD"
    messaging_limit: str = "TIER_2K"
    account_mode: str = "LIVE"
    platform_type: str = "CLOUD_API"
    application_callback: str = ""
    callback_overrides: dict[str, str] = field(default_factory=dict)

    @property
    def registered(self) -> bool:
        """Whether the number can be used at all."""
        return self.status not in _UNREGISTERED | {"DELETED"}


@dataclass(frozen=True)
class Restriction:
    """Something that the account may not do until ``expiration``, as Meta writes times; empty for ever."""

    restriction_type: str
    expiration: str = ""


@dataclass
class Account:
    """The WhatsApp business account node.

    ``payment_ok``: whether it has a valid payment method; ``subscribed_apps``: ids of the applications that
    get its webhooks.
    """

    name: str = "Valorizaciones"
    account_review_status: str = "APPROVED"
    business_verification_status: str = "VERIFIED"
    status: str = "ACTIVE"
    ban_state: str = "NONE"
    payment_ok: bool = True
    restrictions: list[Restriction] = field(default_factory=list)
    subscribed_apps: list[str] = field(default_factory=lambda: [APP_ID])

    @property
    def disabled(self) -> bool:
        """Whether Meta has switched the account off."""
        return self.ban_state == "DISABLE"


@dataclass(frozen=True)
class HealthOverride:
    """What an operator says about an entity's health, instead of what follows from the rest."""

    can_send_message: str
    additional_info: tuple[str, ...] = ()
    errors: tuple[Mapping[str, object], ...] = ()


@dataclass
class Business:
    """All of it. ``health`` is keyed by entity type, MESSAGE_TEMPLATE by ``MESSAGE_TEMPLATE/<id>`` too."""

    phone: Phone
    account: Account = field(default_factory=Account)
    health: dict[str, HealthOverride] = field(default_factory=dict)

    def check_may_send(self) -> None:
        """Raise GraphError when the state of number or account forbids any message."""
        phone, account = self.phone, self.account
        if account.disabled:
            raise GraphError(131031, "Business Account has been locked")
        if not account.payment_ok:
            raise GraphError(131042, "Message failed to send because of a problem with the payment method")
        if any(restriction.restriction_type == NO_BUSINESS_MESSAGES for restriction in account.restrictions):
            raise GraphError(368, "The account has been restricted for violating a platform policy")
        code = _STATUS_ERRORS.get(phone.status)
        if code is not None:
            raise GraphError(code, f"The phone number's status is {phone.status}")
        if phone.name_status == "DECLINED":
            raise GraphError(131037, "The display name has been declined")
