"""The WhatsApp Business account's node, and the applications that get its webhooks."""

from collections.abc import Sequence

from whatsapp_exporter.collectors.graph import health, metrics
from whatsapp_exporter.collectors.graph.document import Document
from whatsapp_exporter.collectors.graph.reader import Fields
from whatsapp_exporter.family import Family, single, states
from whatsapp_exporter.metrics.definition import MetricDefinition

FIELDS = Fields(
    "account",
    ("id", "account_review_status"),
    ("business_verification_status", "status", health.FIELD),
)
STATES: dict[str, tuple[MetricDefinition, tuple[str, ...]]] = {
    "status": (metrics.ACCOUNT_STATUS, ("ACTIVE",)),
    "account_review_status": (
        metrics.ACCOUNT_REVIEW,
        ("APPROVED", "PENDING", "REJECTED", "RESTRICTED", "LIMIT_REACHED"),
    ),
    "business_verification_status": (
        metrics.BUSINESS_VERIFICATION,
        ("VERIFIED", "UNVERIFIED", "NOT_VERIFIED", "PENDING", "REJECTED", "FAILED", "EXPIRED", "REVOKED"),
    ),
}
"""Field -> metric and known states."""
MAX_APPS = 100


def account_families(account: Document) -> Sequence[Family]:
    """Return what the node says, its health apart."""
    found = []
    for field, (definition, known) in STATES.items():
        state = account.state(field)
        if state is not None:
            found.append(states(definition, {(): state}, {(): known}))
    return found


def subscription_families(subscriptions: Document, own_app: str | None) -> Sequence[Family]:
    """Return how many applications get webhooks, and whether `own_app` (an id; None: not known) does."""
    if "data" not in subscriptions:
        subscriptions.problems.append("data is absent")
        return ()
    entries = subscriptions.entries("data", MAX_APPS)
    applications = [entry.within("whatsapp_business_api_data") for entry in entries]
    found = [single(metrics.SUBSCRIBED_APPS, len(entries))]
    if own_app is not None:
        ids = {application.text("id") for application in applications if application is not None}
        found.append(single(metrics.APP_SUBSCRIBED, own_app in ids))
    return found
