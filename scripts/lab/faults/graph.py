"""The Graph API's simulator: what it is told to refuse, to withhold and to say of the account."""

from __future__ import annotations

from typing import Any

from lab.layout import host
from lab.rehearsal.fault import Act, Fault, Page
from lab.running import Lab

HEARTBEAT_SECONDS = 5
"""How often a scheduler tells what it finds."""
READ_SECONDS = 165
"""How long until the lab's exporter asks about the account, at most: Meta limits the reads of an hour."""
TEMPLATE_ID = 1
TEMPLATE = {"name": "valorizacion_creada", "language": "es"}


def ask(lab: Lab, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON document
    """Call the simulator's own interface (tests/world/README.md)."""
    answer = lab.session.client.request(method, host("world").url(443, f"/_lab/{path}"), json=body)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def _tells(path: str, **document: object) -> Act:
    def act(lab: Lab) -> None:
        ask(lab, "POST", path, document)

    return act


def _both(*acts: Act) -> Act:
    def act(lab: Lab) -> None:
        for one in acts:
            one(lab)

    return act


def _lifts(kind: str) -> Act:
    def act(lab: Lab) -> None:
        ask(lab, "DELETE", f"faults?kind={kind}")

    return act


def _resumes(lab: Lab) -> None:
    """End what Meta's errors paused: an operator does so once the cause is gone."""
    lab.shell("app1", "whatsapp-ops resume")


def _resumes_template(lab: Lab) -> None:
    lab.shell("app1", f"whatsapp-ops resume --template {TEMPLATE_ID}")


def api_down() -> Fault:
    """Sends fail on Meta's side."""
    return Fault(
        "Meta's API fails",
        (Page("WhatsAppGraphApiDown", source_seconds=2 * HEARTBEAT_SECONDS),),
        _tells("faults", kind="error", code=131000, http_status=500, on="sends"),
        _lifts("error"),
        clears_seconds=70,
    )


def throttled() -> Fault:
    """Meta refuses sends for their number, and holds everything."""
    return Fault(
        "Meta holds sending",
        (Page("WhatsAppSendingHeldByMeta", source_seconds=10),),
        _tells("faults", kind="error", code=130429, http_status=429, on="sends"),
        _both(_lifts("error"), _resumes),
        clears_seconds=40,
    )


def token_revoked() -> Fault:
    """The token is no longer valid."""
    return Fault(
        "the token is revoked",
        (Page("WhatsAppTokenInvalid", source_seconds=READ_SECONDS),),
        _tells("token", valid=False),
        _both(_tells("token", valid=True), _resumes),
        clears_seconds=READ_SECONDS + 60,
    )


def token_expires() -> Fault:
    """The token has two days left."""
    return Fault(
        "the token expires",
        (Page("WhatsAppTokenAboutToExpire", source_seconds=READ_SECONDS),),
        _tells("token", expires_in_seconds=2 * 86_400),
        _tells("token", expires_at=0),
        clears_seconds=READ_SECONDS + 30,
    )


def account_blocked() -> Fault:
    """Meta's verdict is that the account may not send."""
    return Fault(
        "Meta blocks the account",
        (Page("WhatsAppSendingBlocked", source_seconds=READ_SECONDS),),
        _tells("health", entity_type="WABA", can_send_message="BLOCKED"),
        _tells("health", entity_type="WABA", can_send_message=None),
        clears_seconds=READ_SECONDS + 30,
    )


def number_restricted() -> Fault:
    """The number is restricted, and Meta's verdict on sending does not say so yet."""
    return Fault(
        "Meta restricts the number",
        (Page("WhatsAppNumberRestricted", source_seconds=READ_SECONDS),),
        _both(
            _tells("health", entity_type="PHONE_NUMBER", can_send_message="AVAILABLE"),
            _tells("phone", status="RESTRICTED", webhook=False),
        ),
        _both(
            _tells("phone", status="CONNECTED", webhook=False),
            _tells("health", entity_type="PHONE_NUMBER", can_send_message=None),
            _resumes,
        ),
        clears_seconds=READ_SECONDS + 30,
    )


def template_paused() -> Fault:
    """Meta pauses a template."""
    return Fault(
        "Meta pauses a template",
        (Page("WhatsAppTemplateUnusable", source_seconds=READ_SECONDS),),
        _tells("templates", **TEMPLATE, status="PAUSED", webhook=False),
        _both(_tells("templates", **TEMPLATE, status="APPROVED", webhook=False), _resumes_template),
        clears_seconds=READ_SECONDS + 30,
    )


def webhook_elsewhere() -> Fault:
    """The application's webhook is another's address."""
    return Fault(
        "the webhook is another's",
        (Page("WhatsAppWebhookNotOurs", source_seconds=READ_SECONDS),),
        _tells("phone", application_callback="https://elsewhere.example/webhook", webhook=False),
        _tells("phone", application_callback="https://app1/api/notifications/webhook", webhook=False),
        clears_seconds=READ_SECONDS + 30,
    )


def webhooks_dropped() -> Fault:
    """No status arrives any more."""
    return Fault(
        "webhooks do not arrive",
        (Page("WhatsAppNoStatuses"),),
        _tells("faults", kind="webhooks_off"),
        _lifts("webhooks_off"),
        clears_seconds=30,
    )


def signature_wrong() -> Fault:
    """Webhooks are signed with another secret."""
    return Fault(
        "webhooks are signed wrongly",
        (Page("WhatsAppWebhookBadSignature"),),
        _tells("faults", kind="webhook_signature", signature="wrong"),
        _lifts("webhook_signature"),
        clears_seconds=70,
    )


def sends_hang() -> Fault:
    """Meta takes a request and does not answer: the schedulers' places are all taken."""
    return Fault(
        "sends hang",
        # Two batches have to be under way, and the round to be as late as the lab's threshold says.
        (Page("SchedulerOverdue", source_seconds=15),),
        _tells("faults", kind="hang", seconds=60, on="sends"),
        _lifts("hang"),
        clears_seconds=70,
    )


def sends_refused(*alerts: str) -> Fault:
    """Every recipient is refused."""
    return Fault(
        "every message fails",
        tuple(Page(alert) for alert in alerts),
        _tells("faults", kind="error", code=131026, http_status=400, on="sends"),
        _lifts("error"),
        clears_seconds=400,
    )
