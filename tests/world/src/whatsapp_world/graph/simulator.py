"""The simulated business account: what it accepts, what it remembers, what it answers."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from whatsapp_world.clock import Clock, SystemClock, iso_utc
from whatsapp_world.graph.accepted import AcceptedMessage, MessageLog
from whatsapp_world.graph.business import Business, Phone
from whatsapp_world.graph.errors import GraphError, expired_token, unknown_object
from whatsapp_world.graph.faults import Fault, FaultBoard
from whatsapp_world.graph.journal import Journal, JournalError, Over
from whatsapp_world.graph.outgoing_message import OutgoingMessage, parse_message
from whatsapp_world.graph.read_limit import ReadLimit
from whatsapp_world.graph.shape import PLAIN_SHAPE, StatusShape, bsuid
from whatsapp_world.graph.status_payload import ScheduledStatus
from whatsapp_world.graph.statuses import StatusStep, StatusTimings, plan_statuses
from whatsapp_world.graph.templates import TemplateList
from whatsapp_world.graph.token import AccessToken
from whatsapp_world.graph.token_bucket import SendLimits, SendThrottle
from whatsapp_world.graph.versions import SERVED, ApiVersion, VersionTable
from whatsapp_world.graph.webhook_payload import BusinessNumber, Change, envelope, raw_bytes
from whatsapp_world.graph.webhook_sender import WebhookSender, WebhookTarget

LOG = logging.getLogger(__name__)
REENGAGEMENT_NEEDED: Final = 131047
SERVICE_WINDOW_SECONDS: Final = 86_400.0
MAX_OPEN_WINDOWS: Final = 10_000
FIRST_STATUS_SECONDS: Final = 5.0


@dataclass(frozen=True)
class GraphSettings:
    """What the simulator is told at its start. Without a webhook target no statuses are sent."""

    access_token: str
    number: BusinessNumber
    webhook: WebhookTarget | None = None
    verify_token: str | None = None
    templates: TemplateList | None = None
    timings: StatusTimings = field(default_factory=StatusTimings)
    limits: SendLimits = field(default_factory=SendLimits)
    reads_per_hour: int | None = None
    read_limit_code: int = 80007
    expired_versions: str = SERVED
    error_statuses: Mapping[int, int] = field(default_factory=dict)
    token_expires_at: int = 0
    state_file: Path | None = None
    callback_separator: str = ""
    seed: int | None = None


class Acceptance(NamedTuple):
    """What happens to a message: Meta's answer, and the hang, drop or status_first that hits it, if any."""

    answer: dict[str, object]
    obstacle: Fault | None
    message_id: str


def new_message_id() -> str:
    """Return a ``wamid.``: unlike Meta's it does not hold the recipient's number."""
    return "wamid.HBgL" + base64.b64encode(secrets.token_bytes(30)).decode("ascii")


class GraphSimulator:
    """Accepts messages for one phone number and lets their statuses follow."""

    def __init__(
        self,
        settings: GraphSettings,
        *,
        clock: Clock | None = None,
        message_id: Callable[[], str] = new_message_id,
    ) -> None:
        """Take over what the state file says, if the settings name one; may raise UsageError."""
        self.settings = settings
        self.clock = clock or SystemClock()
        # Reproducible delays and choices, nothing secret.
        self._randomness = random.Random(settings.seed)  # noqa: S311 - simulation, not cryptography
        self._message_id = message_id
        self._refused: Counter[int] = Counter()
        self._statuses: Counter[str] = Counter()
        self._windows: OrderedDict[str, float] = OrderedDict()
        self._awaited: dict[str, asyncio.Event] = {}
        self._sender: WebhookSender | None = None
        self._journal: Journal | None = None
        self.messages = MessageLog(callback_separator=settings.callback_separator)
        if settings.state_file is not None:
            self._journal = Journal(settings.state_file, log=self.messages)
            self._statuses = self._journal.recovered.statuses
        self.faults = FaultBoard(self._randomness)
        self.throttle = SendThrottle(settings.limits, self.clock)
        self.reads = ReadLimit(
            self.clock, reads_per_hour=settings.reads_per_hour, code=settings.read_limit_code
        )
        self.versions = VersionTable(self.clock, expired=settings.expired_versions)
        self.error_statuses = dict(settings.error_statuses)
        number, webhook = settings.number, settings.webhook
        self.business = Business(
            Phone(number.verified_name, application_callback="" if webhook is None else webhook.url)
        )
        self.business.account.name = number.verified_name
        self.token = AccessToken(
            settings.access_token,
            issued_at=int(self.clock.now().timestamp()),
            expires_at=settings.token_expires_at,
            data_access_expires_at=settings.token_expires_at,
        )

    @property
    def sender(self) -> WebhookSender | None:
        """The running webhook sender, None without one."""
        return self._sender

    def attach(self, sender: WebhookSender | None) -> None:
        """Use a running sender from now on, first for the statuses that an earlier run still owed."""
        self._sender = sender
        if sender is None:
            return
        now, monotonic = self.clock.now().timestamp(), self.clock.monotonic()
        for message in list(self.messages.outstanding.values()):
            for index in message.outstanding:
                wait = message.accepted_at + message.steps[index].after_seconds - now
                sender.submit(message, index, due=monotonic + max(0.0, wait))

    def close(self) -> None:
        """Let go of the state file."""
        if self._journal is not None:
            self._journal.close()

    def authorize(self, authorization: bytes | None, scope: str | None) -> None:
        """Check a call's Authorization header; raise GraphError as AccessToken.authorize does."""
        self.token.authorize(authorization, now=self.clock.now().timestamp(), scope=scope)
        if self.faults.active("auth_expired"):
            raise expired_token()

    def check_number(self, phone_number_id: str) -> None:
        """Raise GraphError 100/33 for a phone number id that is not ours."""
        if phone_number_id != self.settings.number.phone_number_id:
            raise unknown_object(phone_number_id[:40])

    def http_status(self, error: GraphError) -> int:
        """Return the HTTP status of a refusal: asked for, configured for its code, or usual for it."""
        if error.explicit_status is not None:
            return error.explicit_status
        return self.error_statuses.get(error.code, error.http_status)

    def accept(self, body: Mapping[str, object], version: ApiVersion) -> Acceptance:
        """Take a message and return Meta's answer, with what hits it.

        Raises GraphError when a limit, an injected error, the state of number, account or template, or the
        message itself forbids it.
        """
        try:
            message = self._check(body)
            obstacle = self.faults.strike("hang", "drop", subject=message)
            fault = self.faults.strike("status_shape", subject=message)
            shape = PLAIN_SHAPE if fault is None or fault.shape is None else fault.shape
            identifier = self._message_id()
            if obstacle is None or obstacle.accepted:
                first = self.faults.strike("status_first", subject=message) if obstacle is None else None
                if first is not None:
                    self._awaited[identifier] = asyncio.Event()
                self._take(identifier, message, version, shape, at_once=first is not None)
                obstacle = obstacle or first
        except GraphError as exc:
            self._refused[exc.code] += 1
            raise
        who: dict[str, object] = {"input": message.recipient_input}
        if shape.bsuid:
            who["user_id"] = bsuid(message.recipient)
        else:
            who["wa_id"] = message.recipient
        sent: dict[str, object] = {"id": identifier}
        if message.kind == "template":
            sent["message_status"] = "accepted"
        answer: dict[str, object] = {"messaging_product": "whatsapp", "contacts": [who], "messages": [sent]}
        return Acceptance(answer, obstacle, identifier)

    async def first_status_taken(self, message_id: str, *, seconds: float | None) -> None:
        """Wait until the receiver took a status of a message that status_first hit; no longer than asked."""
        try:
            async with asyncio.timeout(FIRST_STATUS_SECONDS if seconds is None else seconds):
                await self._awaited[message_id].wait()
        except TimeoutError:
            LOG.warning("status_first: the receiver did not take the status in time")
        finally:
            del self._awaited[message_id]

    def emit_status(self, message: AcceptedMessage, step: StatusStep) -> None:
        """Let a status of an accepted message follow now; raise JournalError when it cannot be kept."""
        if self._sender is None:
            return
        since = self.clock.now().timestamp() - message.accepted_at
        step = step._replace(after_seconds=since + step.after_seconds)
        if self._journal is not None:
            self._journal.step_added(message, step)
        index = self.messages.extend(message, step)
        self._sender.submit(message, index, due=self.clock.monotonic() + max(0.0, step.after_seconds - since))

    def emit(self, change: Change) -> None:
        """Send a webhook of any field; those of ``messages`` carry no ``time``."""
        if self._sender is None:
            return
        time = None if change.field == "messages" else int(self.clock.now().timestamp())
        self._sender.submit_document(
            raw_bytes(envelope(self.settings.number.account_id, [change], time=time))
        )

    def open_window(self, recipient: str) -> None:
        """Note that somebody wrote to the business: free text may be sent to them for 24 hours."""
        self._windows[recipient] = self.clock.monotonic() + SERVICE_WINDOW_SECONDS
        self._windows.move_to_end(recipient)
        if len(self._windows) > MAX_OPEN_WINDOWS:
            self._windows.popitem(last=False)

    def statuses_over(self, statuses: Sequence[ScheduledStatus], taken: bool) -> None:
        """Note that the webhook's receiver took statuses, or that they are given up."""
        for message, index in statuses:
            if taken:
                status = message.steps[index].status
                self._statuses[status] += 1
                message.delivered.append(status)
                event = self._awaited.get(message.id) if self._awaited else None
                if event is not None:
                    event.set()
            self.messages.settle(message, index)
        if self._journal is None:
            return
        try:
            self._journal.over(Over(message, index, taken) for message, index in statuses)
        except JournalError as exc:
            LOG.warning("state file: cannot be written: %s", exc)
        self._keep_journal_small(self._journal)

    def state(self) -> dict[str, object]:
        """Return counts, webhooks' state and the faults in force, for ``/_lab/state``."""
        webhooks: dict[str, object] = {"configured": self._sender is not None}
        if self._sender is not None:
            webhooks["pending"] = self._sender.pending
            webhooks.update(asdict(self._sender.counts))
        templates, registered = self.settings.templates, self.business.phone.registered
        duplicates = self.messages.callbacks.page(1)
        return {
            "now": iso_utc(self.clock.now()),
            "accepted": self.messages.total,
            "refused": {str(code): number for code, number in sorted(self._refused.items())},
            "statuses": dict(sorted(self._statuses.items())),
            "webhooks": webhooks,
            "templates": None if templates is None else len(templates),
            "faults": self.faults.documents(),
            "duplicates": {key: duplicates[key] for key in ("total", "extra", "remembered", "forgotten")},
            "limits": asdict(self.throttle.limits)
            | {
                "reads_per_hour": self.reads.limit(registered=registered),
                "read_percent": self.reads.percent(registered=registered),
            },
            "persistent": self._journal is not None,
        }

    def release_webhooks(self) -> None:
        """Send what faults held back, once they are lifted."""
        if self._sender is not None:
            self._sender.wake()

    def forget_messages(self) -> None:
        """Empty the record of messages; statuses on their way still go out."""
        if self._journal is not None:
            self._journal.cleared()
        self.messages.clear()

    def _check(self, body: Mapping[str, object]) -> OutgoingMessage:
        if not self.throttle.take():
            raise GraphError(130429, "Message failed to send: too many messages from this number")
        message = parse_message(body, templates=self.settings.templates, sender=self.settings.number.digits)
        injected = self.faults.strike("error", subject=message)
        if injected is not None:
            raise injected_error(injected)
        self.business.check_may_send()
        if not self.throttle.take_pair(message.recipient):
            raise GraphError(131056, "Too many messages to the same recipient")
        return message

    def _take(
        self,
        identifier: str,
        message: OutgoingMessage,
        version: ApiVersion,
        shape: StatusShape,
        *,
        at_once: bool,
    ) -> None:
        steps = self._plan(message) if self._sender is not None else []
        if at_once and steps:
            steps[0] = steps[0]._replace(after_seconds=0.0)
        accepted = AcceptedMessage(
            identifier,
            self.clock.now().timestamp(),
            message.kind,
            message.recipient,
            message.template,
            message.language,
            message.category,
            message.parameters,
            message.callback_data,
            version.major,
            shape,
            steps,
        )
        if self._journal is not None:
            try:
                self._journal.accepted(accepted)
            except JournalError as exc:
                LOG.warning("state file: cannot be written: %s", exc)
                raise GraphError(131000, "The simulator cannot remember the message") from exc
        self.messages.add(accepted)
        if self._journal is not None:
            self._keep_journal_small(self._journal)
        if self._sender is not None:
            monotonic = self.clock.monotonic()
            for index, step in enumerate(steps):
                self._sender.submit(accepted, index, due=monotonic + step.after_seconds)

    def _keep_journal_small(self, journal: Journal) -> None:
        if not journal.is_large:
            return
        try:
            journal.compact(self.messages, self._statuses)
        except OSError as exc:
            LOG.warning("state file: cannot be compacted: %s", exc.strerror)

    def _plan(self, message: OutgoingMessage) -> list[StatusStep]:
        failure = self.faults.strike("failed_status", subject=message)
        code = None if failure is None else failure.code
        if message.kind == "text" and self._windows.get(message.recipient, 0.0) < self.clock.monotonic():
            code = REENGAGEMENT_NEEDED  # free text needs an open 24-hour window
        script = self.faults.strike("statuses", subject=message) if code is None else None
        if script is not None and script.steps is not None:
            steps = list(script.steps)
        else:
            steps = plan_statuses(self.settings.timings, self._randomness, failure_code=code)
        if script is not None and script.delay_seconds:
            steps = [step._replace(after_seconds=step.after_seconds + script.delay_seconds) for step in steps]
        return steps


def injected_error(fault: Fault) -> GraphError:
    """Return the refusal that a fault of kind ``error`` asks for."""
    return GraphError(
        fault.code or 0, fault.details, http_status=fault.http_status, subcode=fault.error_subcode
    )
