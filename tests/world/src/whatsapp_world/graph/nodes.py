"""The nodes that can be read: phone number, business account, template; their fields, lists and pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Final

from whatsapp_world.graph.business import APP_ID, APP_NAME, Business
from whatsapp_world.graph.errors import GraphError
from whatsapp_world.graph.health import health_status
from whatsapp_world.graph.templates import TemplateState
from whatsapp_world.graph.webhook_payload import BusinessNumber

FIRST_VERSION_WITH_NEW_LIMIT: Final = 24
PHONE_DEFAULTS: Final = ("id", "display_phone_number", "verified_name", "quality_rating")
ACCOUNT_DEFAULTS: Final = ("id", "name", "timezone_id", "message_template_namespace")
TEMPLATE_DEFAULTS: Final = ("name", "components", "language", "status", "category", "id")
DEFAULT_PAGE: Final = 25
MAX_PAGE: Final = 1_000


class Nodes:
    """Reads of what the business owns."""

    def __init__(self, business: Business, number: BusinessNumber) -> None:
        self._business = business
        self._number = number

    def phone(self, version: int) -> dict[str, object]:
        """Return every field of the phone number node; the limit's name depends on the version."""
        phone, number = self._business.phone, self._number
        return {
            "id": number.phone_number_id,
            "display_phone_number": number.display_number,
            "verified_name": phone.verified_name,
            "quality_rating": phone.quality_rating,
            "quality_score": {"score": phone.quality_rating},
            "status": phone.status,
            "name_status": phone.name_status,
            "code_verification_status": phone.code_verification_status,
            "throughput": {"level": phone.throughput},
            "account_mode": phone.account_mode,
            "platform_type": phone.platform_type,
            "webhook_configuration": {
                "application": phone.application_callback,
                **phone.callback_overrides,
            },
            "health_status": health_status(self._business, number, with_phone=True),
            _limit_field(version): phone.messaging_limit,
        }

    def account(self, version: int) -> dict[str, object]:
        """Return every field of the business account node."""
        account, number = self._business.account, self._number
        fields: dict[str, object] = {
            "id": number.account_id,
            "name": account.name,
            "timezone_id": "1",
            "message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9",
            "account_review_status": account.account_review_status,
            "business_verification_status": account.business_verification_status,
            "status": account.status,
            "country": "PE",
            "currency": "USD",
            "ownership_type": "SELF_OWNED",
            "primary_business_location": "PE",
            "health_status": health_status(self._business, number),
        }
        if version >= FIRST_VERSION_WITH_NEW_LIMIT:
            fields[_limit_field(version)] = self._business.phone.messaging_limit
        return fields

    def template(self, state: TemplateState) -> dict[str, object]:
        """Return every field of a template node."""
        template = state.template
        body: dict[str, object] = {"type": "BODY", "text": template.body}
        if template.placeholders:
            body["example"] = {"body_text": [[f"<{name}>" for name in template.placeholders]]}
        named = not all(name.isdecimal() for name in template.placeholders)
        fields: dict[str, object] = {
            "name": template.name,
            "parameter_format": "NAMED" if named else "POSITIONAL",
            "components": [body],
            "language": template.language,
            "status": state.status,
            "category": template.category.upper(),
            "id": state.id,
            "quality_score": {"score": state.quality},
            "rejected_reason": state.rejected_reason,
            "health_status": health_status(self._business, self._number, template=state),
        }
        if state.previous_category is not None:
            fields["previous_category"] = state.previous_category.upper()
        return fields

    def subscribed_apps(self) -> list[dict[str, object]]:
        """Return the apps that get the account's webhooks."""
        return [
            {
                "whatsapp_business_api_data": {
                    "id": app,
                    "name": APP_NAME if app == APP_ID else "otra",
                    "link": f"https://www.facebook.com/games/?app_id={app}",
                }
            }
            for app in self._business.account.subscribed_apps
        ]


def _limit_field(version: int) -> str:
    if version >= FIRST_VERSION_WITH_NEW_LIMIT:
        return "whatsapp_business_manager_messaging_limit"
    return "messaging_limit_tier"


def selected(
    available: Mapping[str, object], wanted: str, *, defaults: Sequence[str], node: str
) -> dict[str, object]:
    """Return the fields that ``?fields=`` names, and the id; the defaults when it names none.

    ``node`` is Meta's name of the node's type. Raises GraphError 100 for a field that it does not have.
    """
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    unknown = [name for name in names if name not in available and name != "previous_category"]
    if unknown:
        raise GraphError(
            100,
            message=f"(#100) Tried accessing nonexisting field ({unknown[0][:80]}) on node type ({node})",
        )
    chosen = dict.fromkeys([*names, "id"] if names else defaults)
    return {name: available[name] for name in chosen if name in available}


def page(
    items: Sequence[dict[str, object]], *, limit: str, after: str, before: str, url: str
) -> dict[str, object]:
    """Return one page of a list with Meta's cursors: ``{"data", "paging"}``.

    Raises GraphError 100 for a limit or cursor that makes no sense.
    """
    size = DEFAULT_PAGE
    if limit:
        if not limit.isascii() or not limit.isdecimal() or not 1 <= int(limit[:6]) <= MAX_PAGE:
            raise GraphError(100, message=f"(#100) Param limit must be between 1 and {MAX_PAGE}")
        size = int(limit)
    start = 0
    if after:
        start = _position(after) + 1
    elif before:
        start = max(0, _position(before) - size)
        size = min(size, _position(before))
    shown = list(items[start : start + size])
    document: dict[str, object] = {"data": shown}
    if shown:
        last = start + len(shown) - 1
        paging: dict[str, object] = {"cursors": {"before": _cursor(start), "after": _cursor(last)}}
        if last + 1 < len(items):
            paging["next"] = f"{url}&limit={size}&after={_cursor(last)}"
        if start > 0:
            paging["previous"] = f"{url}&limit={size}&before={_cursor(start)}"
        document["paging"] = paging
    return document


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"position:{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        kind, _, position = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if kind != "position":
            raise ValueError(kind)
        return int(position)
    except (ValueError, binascii.Error) as exc:
        raise GraphError(100, message="(#100) Invalid cursor") from exc
