"""Ask the API for its health document and show it as metrics."""

import ssl
from collections.abc import Mapping, Sequence

import httpx

from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.health import metrics
from whatsapp_exporter.collectors.health.config import HealthConfig
from whatsapp_exporter.collectors.health.document import (
    COMPONENT_STATUSES,
    STATUSES,
    HealthDocument,
    InvalidDocumentError,
    parse_document,
)
from whatsapp_exporter.family import Family, single, states
from whatsapp_exporter.metrics.definition import MetricDefinition

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

    HTTPS is checked against the system's trust store. `transport` replaces the network in tests.
    """

    name = "health"

    def __init__(
        self,
        config: HealthConfig,
        surroundings: CollectorSurroundings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = config.url
        self._monotonic = surroundings.monotonic
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=ssl.create_default_context(),
            timeout=config.timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def collect(self) -> Sequence[Family]:
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

    def without_answer(self) -> Sequence[Family]:
        """Return what holds when no health document came: not up, and down as the manual's monitor has it."""
        return (single(metrics.HEALTH_UP, 0.0), _status_family("down"))

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


def _families(document: HealthDocument, seconds: float) -> list[Family]:
    families = [
        single(metrics.HEALTH_UP, 1.0),
        _status_family(document.status),
        single(metrics.HEALTH_RESPONSE, seconds),
    ]
    if document.components:
        families.append(_component_family(document.components))
    families.extend(
        single(definition, document.numbers[key] * factor)
        for key, (definition, factor) in _NUMBERS.items()
        if key in document.numbers
    )
    return families


def _status_family(status: str) -> Family:
    return states(metrics.HEALTH_STATUS, {(): status}, {(): STATUSES})


def _component_family(components: Mapping[str, str]) -> Family:
    return states(
        metrics.HEALTH_COMPONENT_STATUS,
        {(component,): status for component, status in sorted(components.items())},
        {(component,): known for component, known in COMPONENT_STATUSES.items()},
    )
