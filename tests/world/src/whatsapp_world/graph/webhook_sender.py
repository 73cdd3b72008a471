"""Delivery of webhooks: due times, batches, retries that fall off, bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, NamedTuple

import httpx

from whatsapp_world.clock import Clock, iso_utc
from whatsapp_world.graph.accepted import AcceptedMessage
from whatsapp_world.graph.faults import FaultBoard
from whatsapp_world.graph.status_payload import ScheduledStatus, statuses_payload
from whatsapp_world.graph.webhook_payload import SIGNATURE_HEADER, BusinessNumber, signature

LOG = logging.getLogger(__name__)
MAX_PENDING: Final = 300_000
CONCURRENT_REQUESTS: Final = 4
DEFAULT_BATCH: Final = 100
DEFAULT_WINDOW_SECONDS: Final = 0.05
DEFAULT_TIME_COMPRESSION: Final = 60.0
# Meta: at once, then "with decreasing frequency over the next 7 days". The frequency is not published.
FIRST_RETRY_SECONDS: Final = 60.0
MAX_RETRY_SECONDS: Final = 3_600.0
GIVE_UP_SECONDS: Final = 7 * 86_400.0


@dataclass(frozen=True)
class WebhookTarget:
    """Where webhooks go, and how.

    ``batch`` is the most statuses in one request (Meta's own limit is 1,000), ``window_seconds`` how long
    one that is due waits for others; Meta's retry times are divided by ``time_compression``.
    """

    url: str
    app_secret: str
    batch: int = DEFAULT_BATCH
    window_seconds: float = DEFAULT_WINDOW_SECONDS
    time_compression: float = DEFAULT_TIME_COMPRESSION


@dataclass
class WebhookCounts:
    """What became of webhook requests and of the statuses in them, since the start."""

    requests_answered_200: int = 0
    requests_failed: int = 0
    statuses_delivered: int = 0
    statuses_dropped: int = 0
    last_success_at: str | None = None
    last_failure: str | None = None


class PostOutcome(NamedTuple):
    """The receiver's answer, None without one; why that is a failure, without anything of the content."""

    http_status: int | None
    failure: str | None


@dataclass(eq=False, slots=True)
class _Parcel:
    """One request's content: statuses, or a document (then ``raw``)."""

    statuses: Sequence[ScheduledStatus] = ()
    raw: bytes | None = None
    attempts: int = 0
    first_attempt_at: float = 0.0


class WebhookSender:
    """Send what is due, a few requests at a time.

    A request that is not answered 200 is repeated at once, then after 1, 2, 4 … minutes, hourly at last, for
    seven days, all divided by the target's time compression. Beyond MAX_PENDING statuses waiting, new ones
    are dropped.
    """

    def __init__(
        self,
        *,
        target: WebhookTarget,
        number: BusinessNumber,
        client: httpx.AsyncClient,
        clock: Clock,
        faults: FaultBoard,
        on_over: Callable[[Sequence[ScheduledStatus], bool], None],
    ) -> None:
        """``on_over`` is told of statuses that need no further attempt, and whether they were taken."""
        self._target = target
        self._number = number
        self._client = client
        self._clock = clock
        self._faults = faults
        self._on_over = on_over
        self._order = count()
        self._scheduled: list[tuple[float, int, AcceptedMessage, int]] = []
        self._due: deque[ScheduledStatus] = deque()
        self._first_due_at = 0.0
        self._parcels: list[tuple[float, int, _Parcel]] = []
        self._waiting_again = 0
        self._requests: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = float("inf")
        self._running = False
        self._failing = False
        self.counts = WebhookCounts()

    @property
    def pending(self) -> int:
        """Statuses that are not over, whether due, waiting for a retry or on their way."""
        return len(self._scheduled) + len(self._due) + self._waiting_again

    def submit(self, message: AcceptedMessage, index: int, *, due: float) -> None:
        """Queue a status that is due at a monotonic time."""
        if self.pending >= MAX_PENDING:
            self.counts.statuses_dropped += 1
            self._on_over([(message, index)], False)
            return
        heapq.heappush(self._scheduled, (due, next(self._order), message, index))
        ripe_at = due + self._target.window_seconds
        if ripe_at < self._alarm_at:
            self._set_alarm(ripe_at)

    def submit_document(self, raw: bytes) -> None:
        """Queue a body that is due now."""
        self._push(_Parcel(raw=raw), self._clock.monotonic())

    def wake(self) -> None:
        """Look at the queue again, after faults have changed."""
        if self._running:
            self._pump()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the context lasts; what is still pending at its end is not sent."""
        self._running = True
        self._pump()
        try:
            yield
        finally:
            self._running = False
            if self._alarm is not None:
                self._alarm.cancel()
            for request in self._requests:
                request.cancel()
            await asyncio.gather(*self._requests, return_exceptions=True)

    def _push(self, parcel: _Parcel, due: float) -> None:
        heapq.heappush(self._parcels, (due, next(self._order), parcel))
        if due < self._alarm_at:
            self._set_alarm(due)

    def _set_alarm(self, due: float) -> None:
        if not self._running or len(self._requests) >= CONCURRENT_REQUESTS:
            return  # it is looked at when a request ends
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = due
        wait = max(0.0, due - self._clock.monotonic())
        self._alarm = asyncio.get_running_loop().call_later(wait, self._pump)

    def _pump(self) -> None:
        """Start requests for what is due, then set the alarm for what is next."""
        self._alarm_at = float("inf")
        while len(self._requests) < CONCURRENT_REQUESTS and not self._faults.active("webhooks_off"):
            parcel = self._next_parcel()
            if parcel is None:
                break
            request = asyncio.get_running_loop().create_task(self._send(parcel))
            self._requests.add(request)
            request.add_done_callback(self._ended)
        if not self._faults.active("webhooks_off"):
            self._set_alarm(self._next_due_at())

    def _ended(self, request: asyncio.Task[None]) -> None:
        self._requests.discard(request)
        if not request.cancelled() and request.exception() is not None:
            LOG.error("webhooks: a request was lost", exc_info=request.exception())
        if self._running:
            self._pump()

    def _next_due_at(self) -> float:
        """Return when there is something to do next; far away when there is nothing."""
        moments = [self._clock.monotonic() + 3_600.0]
        if self._parcels:
            moments.append(self._parcels[0][0])
        if self._due and not self._faults.active("webhook_batch"):
            moments.append(self._first_due_at + self._target.window_seconds)
        if self._scheduled:
            moments.append(self._scheduled[0][0] + self._target.window_seconds)
        return min(moments)

    def _next_parcel(self) -> _Parcel | None:
        now = self._clock.monotonic()
        if self._parcels and self._parcels[0][0] <= now:
            return heapq.heappop(self._parcels)[2]
        while self._scheduled and self._scheduled[0][0] <= now:
            due, _, message, index = heapq.heappop(self._scheduled)
            if not self._due:
                self._first_due_at = due
            self._due.append((message, index))
        batch, complete = self._target.batch, False
        fault = self._faults.find("webhook_batch")
        if fault is not None and fault.size is not None:
            batch, complete = fault.size, True
        ripe = not complete and self._first_due_at + self._target.window_seconds <= now
        if not self._due or not (ripe or len(self._due) >= batch):
            return None
        taken = [self._due.popleft() for _ in range(min(batch, len(self._due)))]
        self._waiting_again += len(taken)
        return _Parcel(statuses=taken)

    async def _send(self, parcel: _Parcel) -> None:
        now = self._clock.monotonic()
        if parcel.attempts == 0:
            parcel.first_attempt_at = now
        fault = self._faults.find("webhook_batch")
        raw = parcel.raw
        if raw is None:
            padding = 0 if fault is None else fault.pad_to_bytes or 0
            raw = statuses_payload(parcel.statuses, self._number, pad_to_bytes=padding)
        outcome = await self.post(raw)
        if outcome.failure is None:
            self._succeeded(parcel)
            repeated = self._faults.strike("webhook_repeat")
            for _ in range(0 if repeated is None else (repeated.times or 2) - 1):
                await self.post(raw)
            return
        self.counts.requests_failed += 1
        self.counts.last_failure = outcome.failure
        if not self._failing:
            LOG.warning("webhooks: not accepted (%s), repeating", outcome.failure)
            self._failing = True
        parcel.attempts += 1
        compression = self._target.time_compression
        if now - parcel.first_attempt_at >= GIVE_UP_SECONDS / compression:
            self._over(parcel, taken=False)
            return
        self._push(parcel, self._clock.monotonic() + _retry_wait(parcel.attempts) / compression)

    async def post(self, raw: bytes, *, signed: str | None = None) -> PostOutcome:
        """Post a body once.

        ``signed`` is ``valid``, ``wrong`` or ``missing``; None is valid unless a fault says otherwise.
        """
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if signed is None:
            fault = self._faults.strike("webhook_signature")
            signed = "valid" if fault is None else fault.signature
        if signed != "missing":
            secret = self._target.app_secret
            headers[SIGNATURE_HEADER] = signature(secret if signed == "valid" else secret + "?", raw)
        try:
            response = await self._client.post(self._target.url, content=raw, headers=headers)
        except httpx.HTTPError as exc:
            return PostOutcome(None, type(exc).__name__)
        taken = response.status_code == httpx.codes.OK
        return PostOutcome(response.status_code, None if taken else f"HTTP {response.status_code}")

    def _succeeded(self, parcel: _Parcel) -> None:
        self.counts.requests_answered_200 += 1
        self.counts.statuses_delivered += len(parcel.statuses)
        self.counts.last_success_at = iso_utc(self._clock.now())
        if self._failing:
            LOG.info("webhooks: accepted again")
            self._failing = False
        self._over(parcel, taken=True)

    def _over(self, parcel: _Parcel, *, taken: bool) -> None:
        self._waiting_again -= len(parcel.statuses)
        if not taken:
            self.counts.statuses_dropped += len(parcel.statuses)
        if parcel.statuses:
            self._on_over(parcel.statuses, taken)


def _retry_wait(attempts: int) -> float:
    """Return Meta's wait in seconds after so many attempts, before compression."""
    if attempts == 1:
        return 0.0
    return float(min(FIRST_RETRY_SECONDS * 2 ** min(attempts - 2, 20), MAX_RETRY_SECONDS))


async def shake_hands(
    client: httpx.AsyncClient, url: str, *, verify_token: str, challenge: str
) -> dict[str, object]:
    """Ask the receiver to confirm its subscription, as Meta does when the webhook is configured.

    Returns ``{"ok", "http_status", "challenge_returned", "failure"}``.
    """
    parameters = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        response = await client.get(url, params=parameters)
    except httpx.HTTPError as exc:
        return {"ok": False, "http_status": None, "challenge_returned": False, "failure": type(exc).__name__}
    returned = response.text == challenge
    accepted = response.status_code == httpx.codes.OK and returned
    return {
        "ok": accepted,
        "http_status": response.status_code,
        "challenge_returned": returned,
        "failure": None if accepted else "the challenge was not returned with 200",
    }
