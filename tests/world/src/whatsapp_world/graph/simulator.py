"""The simulated business account: what it accepts, what it remembers, what it answers."""

import base64
import hmac
import logging
import random
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from whatsapp_world.arrivals import Arrivals
from whatsapp_world.clock import Clock, SystemClock, iso_utc
from whatsapp_world.graph.errors import (
    GraphError,
    expired_token,
    invalid_token,
    missing_token,
    unknown_object,
)
from whatsapp_world.graph.faults import Fault, FaultBoard
from whatsapp_world.graph.outgoing_message import OutgoingMessage, parse_message
from whatsapp_world.graph.statuses import StatusTimings, plan_statuses
from whatsapp_world.graph.templates import TemplateList
from whatsapp_world.graph.token_bucket import MESSAGES_PER_SECOND, PairLimit, TokenBucket
from whatsapp_world.graph.webhook_payload import BusinessNumber, StatusEvent
from whatsapp_world.graph.webhook_sender import WebhookSender, WebhookTarget

LOG = logging.getLogger(__name__)
REENGAGEMENT_NEEDED = 131047


@dataclass(frozen=True)
class GraphSettings:
    """What the simulator is told at its start. Without a webhook target no statuses are sent."""

    access_token: str
    number: BusinessNumber
    webhook: WebhookTarget | None = None
    verify_token: str | None = None
    templates: TemplateList | None = None
    timings: StatusTimings = field(default_factory=StatusTimings)
    messages_per_second: float = MESSAGES_PER_SECOND
    token_expires_at: int = 0
    seed: int | None = None


def new_message_id() -> str:
    """Return a ``wamid.``: unlike Meta's it does not hold the recipient's number."""
    return "wamid.HBgL" + base64.b64encode(secrets.token_bytes(30)).decode("ascii")


def masked(number: str) -> str:
    """Return a phone number with all but its last two digits hidden."""
    return "*" * max(0, len(number) - 2) + number[-2:]


class GraphSimulator:
    """Accepts messages for one phone number and lets their statuses follow."""

    def __init__(
        self,
        settings: GraphSettings,
        *,
        clock: Clock | None = None,
        message_id: Callable[[], str] = new_message_id,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        # Reproducible delays and choices, nothing secret.
        self._randomness = random.Random(settings.seed)  # noqa: S311 - simulation, not cryptography
        self._message_id = message_id
        self._started_at = int(self.clock.now().timestamp())
        self._throughput = TokenBucket(settings.messages_per_second, settings.messages_per_second, self.clock)
        self._pairs = PairLimit(self.clock)
        self._records: dict[str, dict[str, object]] = {}
        self._refused: Counter[int] = Counter()
        self._statuses: Counter[str] = Counter()
        self._sender: WebhookSender | None = None
        self.messages = Arrivals()
        self.faults = FaultBoard(self._randomness)

    def attach(self, sender: WebhookSender | None) -> None:
        """Use a running sender for the statuses of messages accepted from now on."""
        self._sender = sender

    def authorize(self, authorization: str | None) -> None:
        """Check an Authorization header; raise GraphError 104, 190 or 190/463."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise missing_token()
        if not self._is_our_token(token.strip()):
            raise invalid_token()
        if self.faults.active("auth_expired"):
            raise expired_token()

    def check_number(self, phone_number_id: str) -> None:
        """Raise GraphError 100/33 for a phone number id that is not ours."""
        if phone_number_id != self.settings.number.phone_number_id:
            raise unknown_object(phone_number_id[:40])

    def accept(
        self, body: Mapping[str, object], *, api_version: int
    ) -> tuple[dict[str, object], Fault | None]:
        """Take a message and return Meta's answer, with the hang or drop that hits it, if any.

        Raises GraphError when throughput, an injected error or the message itself forbids it.
        """
        try:
            self._limit(
                self._throughput.take(), 130429, "Message failed to send: too many messages from this number"
            )
            injected = self.faults.strike("error")
            if injected is not None:
                raise GraphError(
                    injected.code or 0,
                    injected.details,
                    http_status=injected.http_status,
                    subcode=injected.subcode,
                )
            message = parse_message(
                body, templates=self.settings.templates, sender=self.settings.number.digits
            )
            self._limit(
                self._pairs.take(message.recipient), 131056, "Too many messages to the same recipient"
            )
        except GraphError as exc:
            self._refused[exc.code] += 1
            raise
        obstacle = self.faults.strike("hang", "drop")
        identifier = self._message_id()
        if obstacle is None or obstacle.accepted:
            self._remember(identifier, message)
            self._schedule(identifier, message, api_version)
        answer: dict[str, object] = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": message.recipient_input, "wa_id": message.recipient}],
            "messages": [{"id": identifier}],
        }
        if message.kind == "template":
            answer["messages"] = [{"id": identifier, "message_status": "accepted"}]
        return answer, obstacle

    def token_description(self, inspected: str) -> dict[str, object]:
        """Return debug_token's ``data``; ``expires_at`` 0 means never."""
        ours = self._is_our_token(inspected)
        if not ours:
            error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
            return {"error": error, "is_valid": False, "scopes": []}
        scopes = ["whatsapp_business_management", "whatsapp_business_messaging"]
        return {
            "app_id": "100000000000001",
            "type": "SYSTEM_USER",
            "application": "notificaciones",
            "is_valid": not self.faults.active("auth_expired"),
            "expires_at": self.settings.token_expires_at,
            "data_access_expires_at": self.settings.token_expires_at,
            "issued_at": self._started_at,
            "scopes": scopes,
            "granular_scopes": [
                {"scope": scope, "target_ids": [self.settings.number.account_id]} for scope in scopes
            ],
        }

    def status_delivered(self, event: StatusEvent) -> None:
        """Note that the webhook's receiver took a status."""
        self._statuses[event.status] += 1
        record = self._records.get(event.message_id)
        if record is not None:
            delivered = record["statuses"]
            if isinstance(delivered, list):
                delivered.append(event.status)

    def state(self) -> dict[str, object]:
        """Return counts, webhooks' state and the faults in force, for ``/_lab/state``."""
        webhooks: dict[str, object] = {"configured": self._sender is not None}
        if self._sender is not None:
            webhooks["pending"] = self._sender.pending
            webhooks.update(asdict(self._sender.counts))
        templates = self.settings.templates
        return {
            "now": iso_utc(self.clock.now()),
            "accepted": self.messages.total,
            "refused": {str(code): number for code, number in sorted(self._refused.items())},
            "statuses": dict(sorted(self._statuses.items())),
            "webhooks": webhooks,
            "templates": None if templates is None else len(templates),
            "faults": self.faults.documents(),
        }

    def release_webhooks(self) -> None:
        """Send what webhooks_off held back, once that fault is lifted."""
        if self._sender is not None:
            self._sender.wake()

    def forget_messages(self) -> None:
        """Empty the record of messages; statuses on their way still go out."""
        self.messages.clear()
        self._records.clear()

    def _is_our_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.settings.access_token.encode())

    def _limit(self, allowed: bool, code: int, details: str) -> None:
        if not allowed:
            raise GraphError(code, details)

    def _remember(self, identifier: str, message: OutgoingMessage) -> None:
        record: dict[str, object] = {
            "id": identifier,
            "received_at": iso_utc(self.clock.now()),
            "to": masked(message.recipient),
            "type": message.kind,
            "template": message.template,
            "language": message.language,
            "parameters": list(message.parameters),
            "biz_opaque_callback_data": message.callback_data,
            "statuses": [],
        }
        self.messages.append(record)
        self._records[identifier] = record
        if len(self._records) > self.messages.capacity:
            del self._records[next(iter(self._records))]

    def _schedule(self, identifier: str, message: OutgoingMessage, api_version: int) -> None:
        if self._sender is None:
            return
        failure = self.faults.strike("failed_status")
        code = None if failure is None else failure.code
        if (
            message.kind == "text"
        ):  # nobody has written to this number: free text needs an open 24-hour window
            code = REENGAGEMENT_NEEDED
        accepted_at = self.clock.now()
        for step in plan_statuses(self.settings.timings, self._randomness, failure_code=code):
            event = StatusEvent(
                message_id=identifier,
                recipient=message.recipient,
                status=step.status,
                happened_at=accepted_at + timedelta(seconds=step.after_seconds),
                category=message.category,
                api_version=api_version,
                callback_data=message.callback_data,
                error_code=step.error_code,
            )
            self._sender.submit(event, after_seconds=step.after_seconds)
