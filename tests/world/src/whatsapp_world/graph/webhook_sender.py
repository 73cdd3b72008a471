"""Delivery of status webhooks: due times, batches, retries that fall off, bounded memory."""

import asyncio
import contextlib
import heapq
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import httpx

from whatsapp_world.clock import Clock, iso_utc
from whatsapp_world.graph.webhook_payload import (
    SIGNATURE_HEADER,
    BusinessNumber,
    StatusEvent,
    payload_bytes,
    signature,
)

LOG = logging.getLogger(__name__)
MAX_PENDING = 50_000
MAX_RETRY_SECONDS = 60.0
MAX_ATTEMPTS = 40
WORKERS = 4


@dataclass(frozen=True)
class WebhookTarget:
    """Where webhooks go. ``batch`` is the most statuses in one request (Meta's own limit is 1,000)."""

    url: str
    app_secret: str
    batch: int = 50
    first_retry_seconds: float = 1.0


@dataclass
class WebhookCounts:
    """What became of webhook requests and of the statuses in them, since the start."""

    requests_answered_200: int = 0
    requests_failed: int = 0
    statuses_delivered: int = 0
    statuses_dropped: int = 0
    last_success_at: str | None = None
    last_failure: str | None = None


@dataclass(order=True)
class _Delivery:
    due: float
    order: int
    events: tuple[StatusEvent, ...] = field(compare=False)
    attempts: int = field(compare=False, default=0)


class WebhookSender:
    """Send events when they are due, a few requests at a time.

    A request that is not answered 200 is repeated at once, then after 1, 2, 4 … 60 s, at most 40 times; Meta
    goes on for seven days, too long for a lab. Beyond 50,000 statuses waiting, new ones are dropped.
    """

    def __init__(
        self,
        *,
        target: WebhookTarget,
        number: BusinessNumber,
        client: httpx.AsyncClient,
        clock: Clock,
        held: Callable[[], bool],
        on_delivered: Callable[[StatusEvent], None],
    ) -> None:
        self._target = target
        self._number = number
        self._client = client
        self._clock = clock
        self._held = held
        self._on_delivered = on_delivered
        self._queue: list[_Delivery] = []
        self._order = count()
        self._waiting = 0
        self._in_flight = 0
        self._changed = asyncio.Event()
        self._failing = False
        self.counts = WebhookCounts()

    @property
    def pending(self) -> int:
        """Statuses that are not delivered yet, whether due, waiting for a retry or on their way."""
        return self._waiting + self._in_flight

    def submit(self, event: StatusEvent, *, after_seconds: float) -> None:
        """Queue an event that is due in so many seconds."""
        if self.pending >= MAX_PENDING:
            self.counts.statuses_dropped += 1
            return
        self._push(_Delivery(self._clock.monotonic() + after_seconds, next(self._order), (event,)))

    def wake(self) -> None:
        """Look at the queue again, after webhooks are let through once more."""
        self._changed.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the context lasts; what is still pending at its end is lost."""
        workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    def _push(self, delivery: _Delivery) -> None:
        heapq.heappush(self._queue, delivery)
        self._waiting += len(delivery.events)
        self._changed.set()

    async def _work(self) -> None:
        while True:
            delivery = await self._next_due()
            size = len(delivery.events)
            self._in_flight += size
            try:
                await self._send(delivery)
            finally:
                self._in_flight -= size

    async def _next_due(self) -> _Delivery:
        while True:
            self._changed.clear()
            timeout: float | None = None
            if self._queue and not self._held():
                timeout = self._queue[0].due - self._clock.monotonic()
                if timeout <= 0:
                    return self._take()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout)

    def _take(self) -> _Delivery:
        """Take the first delivery; when it is a first attempt, together with others that are due now."""
        first = heapq.heappop(self._queue)
        events = list(first.events)
        now = self._clock.monotonic()
        while (
            first.attempts == 0
            and self._queue
            and len(events) < self._target.batch
            and self._queue[0].due <= now
            and self._queue[0].attempts == 0
        ):
            events.extend(heapq.heappop(self._queue).events)
        self._waiting -= len(events)
        return _Delivery(first.due, first.order, tuple(events), first.attempts)

    async def _send(self, delivery: _Delivery) -> None:
        failure = await self._post(delivery.events)
        if failure is None:
            self._succeeded(delivery.events)
            return
        self.counts.requests_failed += 1
        self.counts.last_failure = failure
        if not self._failing:
            LOG.warning("webhooks: not accepted (%s), repeating", failure)
            self._failing = True
        attempts = delivery.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            self.counts.statuses_dropped += len(delivery.events)
            return
        wait = (
            0.0
            if attempts == 1
            else min(self._target.first_retry_seconds * 2 ** (attempts - 2), MAX_RETRY_SECONDS)
        )
        self._push(_Delivery(self._clock.monotonic() + wait, delivery.order, delivery.events, attempts))

    async def _post(self, events: Sequence[StatusEvent]) -> str | None:
        """Return None when answered 200, else a short reason without anything of the content."""
        raw = payload_bytes(events, self._number)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            SIGNATURE_HEADER: signature(self._target.app_secret, raw),
        }
        try:
            response = await self._client.post(self._target.url, content=raw, headers=headers)
        except httpx.HTTPError as exc:
            return type(exc).__name__
        return None if response.status_code == httpx.codes.OK else f"HTTP {response.status_code}"

    def _succeeded(self, events: Sequence[StatusEvent]) -> None:
        self.counts.requests_answered_200 += 1
        self.counts.statuses_delivered += len(events)
        self.counts.last_success_at = iso_utc(self._clock.now())
        if self._failing:
            LOG.info("webhooks: accepted again")
            self._failing = False
        for event in events:
            self._on_delivered(event)


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
