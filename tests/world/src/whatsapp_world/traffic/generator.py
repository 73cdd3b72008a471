"""The loop that posts notifications and survives whatever the API does."""

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass

import httpx

from whatsapp_world.clock import Clock
from whatsapp_world.traffic.requests import NotificationRequest, RequestSource

LOG = logging.getLogger(__name__)
FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 60.0
ACCEPTED = "accepting"


@dataclass
class TrafficCounts:
    """What became of the requests: accepted (201 or 200), refused (4xx), failed (5xx or no answer)."""

    accepted: int = 0
    refused: int = 0
    failed: int = 0


class TrafficGenerator:
    """Post ``rate`` notifications a minute, unevenly spaced.

    A refused notification (4xx) is given up; one that failed, or was refused for its key or its rate, is
    repeated with the same idempotency key after 1, 2, 4 … 60 s. One line is logged whenever the API's answer
    changes.
    """

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        source: RequestSource,
        api_key: str,
        rate: float,
        clock: Clock,
        randomness: random.Random,
        first_backoff_seconds: float = FIRST_BACKOFF_SECONDS,
    ) -> None:
        self._client = client
        self._source = source
        self._api_key = api_key
        self._mean_seconds = 60 / rate
        self._clock = clock
        self._random = randomness
        self._first_backoff = first_backoff_seconds
        self._state = ""
        self.counts = TrafficCounts()

    async def run(self, stop: asyncio.Event) -> None:
        """Post until ``stop`` is set; never raises for what the API or the network does."""
        waiting: NotificationRequest | None = None
        backoff = self._first_backoff
        while not stop.is_set():
            request = waiting or self._source.draw(self._clock.now())
            if await self._post(request):
                waiting, backoff = None, self._first_backoff
                pause = self._mean_seconds * self._random.uniform(0.5, 1.5)
            else:
                waiting, pause = request, backoff
                backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def _post(self, request: NotificationRequest) -> bool:
        """Return whether the API has decided on the notification, one way or the other."""
        headers = {"X-API-Key": self._api_key, "Idempotency-Key": request.idempotency_key}
        try:
            response = await self._client.post("/api/notifications", json=request.body, headers=headers)
        except httpx.HTTPError as exc:
            self.counts.failed += 1
            self._enter(f"unreachable ({type(exc).__name__})")
            return False
        if response.is_success:
            self.counts.accepted += 1
            self._enter(ACCEPTED)
            return True
        self._enter(f"answering HTTP {response.status_code}")
        if response.is_server_error or response.status_code in {
            httpx.codes.UNAUTHORIZED,
            httpx.codes.TOO_MANY_REQUESTS,
        }:
            self.counts.failed += 1
            return False
        self.counts.refused += 1
        return True

    def _enter(self, state: str) -> None:
        if state != self._state:
            level = logging.INFO if state == ACCEPTED else logging.WARNING
            LOG.log(level, "traffic: API %s (accepted %d so far)", state, self.counts.accepted)
            self._state = state
