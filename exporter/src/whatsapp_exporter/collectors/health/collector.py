"""Ask the API for its health document and show it as metrics."""

from collections.abc import Mapping, Sequence

import httpx

from whatsapp_exporter.bounded_fetch import BoundedFetcher, FetchError, json_of
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.health import metrics
from whatsapp_exporter.collectors.health.config import HealthConfig
from whatsapp_exporter.collectors.health.document import (
    COMPONENT_STATUSES,
    STATUSES,
    HealthDocument,
    InvalidDocumentError,
    read_document,
)
from whatsapp_exporter.family import Family, family, single, states
from whatsapp_exporter.readings import value_families

DOCUMENT_CODES = frozenset({200, 503})
"""HTTP codes that come with a health document: 200 healthy or degraded, 503 down."""


class HealthCollector:
    """Asks over a new connection each time, as a client that comes now would.

    `transport` replaces the network in tests.
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
        self._fetcher = BoundedFetcher(
            config.url, seconds=config.timeout, keep_alive=False, transport=transport
        )

    async def collect(self) -> Sequence[Family]:
        """Return the families of one answer. Raises CollectionError when there is none or it is not clean."""
        started = self._monotonic()
        try:
            document = await self._ask()
        except (FetchError, InvalidDocumentError) as error:
            raise CollectionError(str(error), self.without_answer()) from error
        families = _families(document, self._monotonic() - started)
        if document.problems:
            raise CollectionError("; ".join(document.problems), families)
        return families

    def without_answer(self) -> Sequence[Family]:
        """Return what holds when no health document came: not up, and down as the manual's monitor has it."""
        return (single(metrics.HEALTH_UP, 0.0), _status_family("down"))

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._fetcher.close()

    async def _ask(self) -> HealthDocument:
        answer = await self._fetcher.fetch(self._url)
        if answer.code not in DOCUMENT_CODES:
            raise InvalidDocumentError(f"HTTP {answer.code}")
        return read_document(json_of(answer))


def _families(document: HealthDocument, seconds: float) -> list[Family]:
    families = [
        single(metrics.HEALTH_UP, 1.0),
        _status_family(document.status),
        single(metrics.HEALTH_RESPONSE, seconds),
    ]
    if document.version is not None:
        families.append(family(metrics.SERVICE_INFO, [((document.version,), 1.0)]))
    if document.components:
        families.append(_component_family(document.components))
    if document.pauses is not None:
        families.append(
            family(metrics.PAUSES, [((scope,), count) for scope, count in document.pauses.items()])
        )
    return [*families, *value_families(document.values)]


def _status_family(status: str) -> Family:
    return states(metrics.HEALTH_STATUS, {(): status}, {(): STATUSES})


def _component_family(components: Mapping[str, str]) -> Family:
    return states(
        metrics.HEALTH_COMPONENT_STATUS,
        {(component,): status for component, status in sorted(components.items())},
        {(component,): known for component, known in COMPONENT_STATUSES.items()},
    )
