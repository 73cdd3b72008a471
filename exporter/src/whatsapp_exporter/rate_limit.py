"""A token bucket in front of every page, for all clients together: `rate_limit` of the web configuration."""

import math
import re
import time
from collections.abc import Callable
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_GO_DURATION = re.compile(r"(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+")
_GO_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNIT_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def _go_duration(value: object) -> object:
    """Return seconds of a duration as Go writes it: `1s`, `100ms`, `1m30s`, `0`. Raises ValueError."""
    if value in {0, "0"} and not isinstance(value, bool):
        return 0.0
    if not isinstance(value, str) or not _GO_DURATION.fullmatch(value):
        raise ValueError("must be a duration with a unit: 100ms, 1s, 1m30s, 1h")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _GO_PART.findall(value))


class RateLimit(BaseModel):
    """One request each `interval` seconds in the long run, and `burst` at once. Interval 0: no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    interval: Annotated[float, BeforeValidator(_go_duration), Field(ge=0, le=86400)] = 0.0
    burst: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if self.interval > 0 and self.burst < 1:
            raise ValueError("burst must be at least 1 with an interval, else every request is refused")
        return self


class TokenBucket:
    """Full at first; a token comes back each interval. `monotonic` gives seconds."""

    def __init__(self, limit: RateLimit, monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self._monotonic = monotonic
        self._tokens = float(limit.burst)
        self._filled_at = monotonic()

    def take(self) -> float:
        """Take a token; return 0, or the seconds after which there will be one when there is none."""
        if self.limit.interval <= 0:
            return 0.0
        now = self._monotonic()
        self._tokens = min(self.limit.burst, self._tokens + (now - self._filled_at) / self.limit.interval)
        self._filled_at = now
        if self._tokens < 1:
            return (1 - self._tokens) * self.limit.interval
        self._tokens -= 1
        return 0.0


class RateLimitMiddleware:
    """Answers 429 to what is beyond the limit. A limit that changes begins with a full bucket."""

    def __init__(
        self,
        app: ASGIApp,
        limit: Callable[[], RateLimit],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._limit = limit
        self._monotonic = monotonic
        self._bucket = TokenBucket(RateLimit(), monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when there is a token for it."""
        wait = self._take() if scope["type"] == "http" else 0.0
        if wait > 0:
            response = PlainTextResponse(
                "Too Many Requests\n", status_code=429, headers={"Retry-After": str(math.ceil(wait))}
            )
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _take(self) -> float:
        limit = self._limit()
        if limit != self._bucket.limit:
            self._bucket = TokenBucket(limit, self._monotonic)
        return self._bucket.take()
