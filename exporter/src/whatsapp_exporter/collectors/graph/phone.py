"""The phone number's node.

https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/.
"""

import math
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from whatsapp_exporter.collectors.graph import health, metrics
from whatsapp_exporter.collectors.graph.document import Document
from whatsapp_exporter.collectors.graph.reader import Fields
from whatsapp_exporter.family import Family, family, single, states
from whatsapp_exporter.metrics.definition import MetricDefinition

WEBHOOK = "webhook_configuration"
OLD_LIMIT = "messaging_limit_tier"
NEW_LIMIT = "whatsapp_business_manager_messaging_limit"
FIELDS = Fields(
    "phone_number",
    ("id", "quality_rating", "code_verification_status"),
    ("status", "name_status", "throughput", "account_mode", OLD_LIMIT, NEW_LIMIT, WEBHOOK, health.FIELD),
)

STATES: dict[str, tuple[MetricDefinition, tuple[str, ...]]] = {
    "status": (
        metrics.PHONE_STATUS,
        (
            *("CONNECTED", "PENDING", "FLAGGED", "RATE_LIMITED", "RESTRICTED", "BANNED"),
            *("DISCONNECTED", "UNVERIFIED", "MIGRATED", "DELETED", "UNKNOWN"),
        ),
    ),
    "quality_rating": (metrics.PHONE_QUALITY, ("GREEN", "YELLOW", "RED", "UNKNOWN")),
    "name_status": (
        metrics.PHONE_NAME_STATUS,
        ("APPROVED", "AVAILABLE_WITHOUT_REVIEW", "PENDING_REVIEW", "DECLINED", "EXPIRED", "NONE"),
    ),
    "code_verification_status": (metrics.PHONE_CODE_VERIFICATION, ("VERIFIED", "NOT_VERIFIED", "EXPIRED")),
    "account_mode": (metrics.PHONE_MODE, ("LIVE", "SANDBOX")),
}
"""Field -> metric and known states."""
THROUGHPUT_LEVELS = ("STANDARD", "HIGH", "NOT_APPLICABLE")
SCOPES = {OLD_LIMIT: "phone_number", NEW_LIMIT: "portfolio"}
TIERS = ("TIER_50", "TIER_250", "TIER_1K", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED")
UNLIMITED = frozenset({"TIER_UNLIMITED", "UNLIMITED"})
_TIER = re.compile(r"TIER_([0-9]{1,6})([KM]?)")
_FACTORS = {"": 1.0, "K": 1e3, "M": 1e6}

LEVELS = ("phone_number", "whatsapp_business_account", "application")
"""Where a webhook address may be set; the first of them that has one counts."""
NO_LEVEL = "none"
_PORTS = {"http": 80, "https": 443}


def phone_families(phone: Document, webhook_url: str | None) -> Sequence[Family]:
    """Return what the node says, its health apart."""
    found = []
    for field, (definition, known) in STATES.items():
        state = phone.state(field)
        if state is not None:
            found.append(states(definition, {(): state}, {(): known}))
    throughput = phone.within("throughput")
    level = None if throughput is None else throughput.state("level")
    if level is not None:
        found.append(states(metrics.PHONE_THROUGHPUT, {(): level}, {(): THROUGHPUT_LEVELS}))
    return (*found, *_limits(phone), *_webhook(phone, webhook_url))


def recipients_of(tier: str) -> float | None:
    """Return how many recipients a tier allows, infinity for no limit; None for what is no such tier."""
    if tier in UNLIMITED:
        return math.inf
    match = _TIER.fullmatch(tier)
    return None if match is None else float(match[1]) * _FACTORS[match[2]]


def same_address(one: str, other: str) -> bool:
    """Whether two addresses lead to the same place: case of the host and a usual port do not matter."""
    first, second = _taken_apart(one), _taken_apart(other)
    return first is not None and first == second


def _limits(phone: Document) -> Sequence[Family]:
    tiers: dict[tuple[str, ...], str] = {}
    for field, scope in SCOPES.items():
        tier = phone.state(field)
        if tier is not None:
            tiers[scope,] = tier
    if not tiers:
        return ()
    recipients = [(labels, recipients_of(tier)) for labels, tier in tiers.items()]
    return (
        states(metrics.LIMIT_TIER, tiers, dict.fromkeys(tiers, TIERS)),
        family(
            metrics.LIMIT_RECIPIENTS,
            ((labels, number) for labels, number in recipients if number is not None),
        ),
    )


def _webhook(phone: Document, webhook_url: str | None) -> Sequence[Family]:
    configuration = phone.within(WEBHOOK)
    if configuration is None:
        return ()
    addresses = {level: configuration.text(level) for level in LEVELS}
    level = next((one for one in LEVELS if addresses[one]), NO_LEVEL)
    found = [states(metrics.WEBHOOK_LEVEL, {(): level}, {(): (*LEVELS, NO_LEVEL)})]
    if webhook_url is not None:
        found.append(single(metrics.WEBHOOK_IS_OURS, same_address(addresses.get(level) or "", webhook_url)))
    return found


def _taken_apart(address: str) -> tuple[object, ...] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port, parts.path or "/", parts.query
