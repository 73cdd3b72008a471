"""Ask the API for its health document and show it as metrics."""

import ssl
import time
from collections.abc import Callable, Mapping, Sequence

import httpx
from prometheus_client.core import Metric

from whatsapp_exporter import metrics
from whatsapp_exporter.collector import CollectionError
from whatsapp_exporter.collectors.health.document import (
    COMPONENT_STATUSES,
    STATUSES,
    HealthDocument,
    InvalidDocumentError,
    parse_document,
)
from whatsapp_exporter.metrics import MetricDefinition

MAX_BODY_BYTES = 1_000_000
DOCUMENT_CODES = frozenset({200, 503})
"""HTTP codes that come with a health document: 200 healthy or degraded, 503 down."""

_NUMBERS: dict[tuple[str, str], tuple[MetricDefinition, float]] = {
    ("", "uptime_seconds"): (metrics.HEALTH_UPTIME, 1.0),
    ("whatsapp_api", "rate_limit_remaining"): (metrics.API_RATE_LIMIT_REMAINING, 1.0),
    ("cache", "hit_rate"): (metrics.CACHE_HIT_RATIO, 1.0),
    ("cache", "used_memory_mb"): (metrics.CACHE_USED, 1024.0 * 1024.0),
    ("cache", "max_memory_mb"): (metrics.CACHE_MAX, 1024.0 * 1024.0),
    ("database", "response_time_ms"): (metrics.DATABASE_RESPONSE, 0.001),
    ("database", "active_connections"): (metrics.DATABASE_ACTIVE_CONNECTIONS, 1.0),
    ("database", "connection_pool_size"): (metrics.DATABASE_POOL_SIZE, 1.0),
}
"""(component, field) -> metric and factor from the document's unit to the metric's."""


class HealthCollector:
    """Asks over a new connection each time, as a client that comes now would.

    HTTPS is checked against the system's trust store. `transport` replaces the network and `monotonic`
    (seconds) the clock in tests.
    """

    name = "health"

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._monotonic = monotonic
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=ssl.create_default_context(),
            timeout=timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def collect(self) -> Sequence[Metric]:
        """Return the families of one answer. Raises CollectionError when there is none or it is not clean."""
        started = self._monotonic()
        try:
            body = await self._fetch()
            document = parse_document(body)
        except (httpx.HTTPError, InvalidDocumentError) as error:
            raise CollectionError(_reason(error), self.without_answer()) from error
        families = _families(document, self._monotonic() - started)
        if document.problems:
            raise CollectionError("; ".join(document.problems), families)
        return families

    def without_answer(self) -> Sequence[Metric]:
        """Return what holds when no health document came: not up, and down as the manual's monitor has it."""
        return (metrics.HEALTH_UP.single(0.0), _status_family("down"))

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._client.aclose()

    async def _fetch(self) -> bytes:
        async with self._client.stream("GET", self._url) as response:
            if response.status_code not in DOCUMENT_CODES:
                raise InvalidDocumentError(f"HTTP {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise InvalidDocumentError(f"the answer is larger than {MAX_BODY_BYTES} bytes")
        return bytes(body)


def _reason(error: httpx.HTTPError | InvalidDocumentError) -> str:
    if isinstance(error, InvalidDocumentError):
        return str(error)
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return f"no answer: {type(error).__name__}"


def _families(document: HealthDocument, seconds: float) -> list[Metric]:
    families = [
        metrics.HEALTH_UP.single(1.0),
        _status_family(document.status),
        metrics.HEALTH_RESPONSE.single(seconds),
    ]
    if document.components:
        families.append(_component_family(document.components))
    families.extend(
        definition.single(document.numbers[key] * factor)
        for key, (definition, factor) in _NUMBERS.items()
        if key in document.numbers
    )
    return families


def _status_family(status: str) -> Metric:
    return metrics.HEALTH_STATUS.family([((known,), value) for known, value in _states(status, STATUSES)])


def _component_family(components: Mapping[str, str]) -> Metric:
    return metrics.HEALTH_COMPONENT_STATUS.family(
        [
            ((component, state), value)
            for component, status in sorted(components.items())
            for state, value in _states(status, COMPONENT_STATUSES.get(component, ()))
        ]
    )


def _states(current: str, known: Sequence[str]) -> list[tuple[str, float]]:
    """Return (state, 0 or 1) for every known state; a state that is not known gets one of its own."""
    states = [*known] if current in known else [*known, current]
    return [(state, float(state == current)) for state in states]
