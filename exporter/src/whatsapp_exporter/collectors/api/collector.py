"""Ask the API for its figures and show them as metrics."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from whatsapp_exporter.bounded_fetch import Answer, BoundedFetcher, FetchError, json_of
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.api import metrics
from whatsapp_exporter.collectors.api.config import ApiConfig
from whatsapp_exporter.collectors.api.endpoints import ENDPOINTS, Endpoint
from whatsapp_exporter.family import Family, family
from whatsapp_exporter.json_fields import JsonFields
from whatsapp_exporter.metrics.definition import MetricDefinition
from whatsapp_exporter.readings import read_values, value_families
from whatsapp_exporter.section import SecretFileError, read_secret

SHARE_OF_TIMEOUT = 0.9
"""An endpoint is given up before the collector is, so that those that answered are shown."""

_REASONS: dict[int, str] = {
    401: "the key was refused (HTTP 401)",
    403: "the key lacks the scope monitor (HTTP 403)",
}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of an endpoint: `seconds` None: no answer was read, `values` None: it was no document."""

    endpoint: Endpoint
    seconds: float | None
    values: Mapping[MetricDefinition, float] | None
    problems: tuple[str, ...]


class ApiCollector:
    """Asks all endpoints at the same time over connections that it keeps.

    The key is read anew at each run. `transport` replaces the network in tests.
    """

    name = "api"

    def __init__(
        self,
        config: ApiConfig,
        surroundings: CollectorSurroundings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = config.url.rstrip("/")
        self._key_file = config.api_key_file
        self._monotonic = surroundings.monotonic
        self._fetcher = BoundedFetcher(
            config.url, seconds=config.timeout * SHARE_OF_TIMEOUT, keep_alive=True, transport=transport
        )

    async def collect(self) -> Sequence[Family]:
        """Return the families of all endpoints. Raises CollectionError with those that are well."""
        try:
            headers = {"X-API-Key": read_secret(self._key_file)}
        except SecretFileError as error:
            raise CollectionError(str(error), self.without_answer()) from error
        started = self._monotonic()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._ask(endpoint, headers, started)) for endpoint in ENDPOINTS]
        outcomes = [task.result() for task in tasks]
        families = _families(outcomes)
        failures = [f"{one.endpoint.name}: {', '.join(one.problems)}" for one in outcomes if one.problems]
        if failures:
            raise CollectionError("; ".join(failures), families)
        return families

    def without_answer(self) -> Sequence[Family]:
        """Return what holds when nothing was answered: no endpoint is up."""
        return (family(metrics.ENDPOINT_UP, [((endpoint.name,), 0.0) for endpoint in ENDPOINTS]),)

    async def close(self) -> None:
        """Close the kept connections."""
        await self._fetcher.close()

    async def _ask(self, endpoint: Endpoint, headers: Mapping[str, str], started: float) -> _Outcome:
        seconds = None
        try:
            answer = await self._fetcher.fetch(self._url + endpoint.path, headers=headers)
            seconds = self._monotonic() - started
            fields = JsonFields(_document(answer))
        except FetchError as error:
            return _Outcome(endpoint, seconds, None, (str(error),))
        values = read_values(endpoint.readings, fields)
        return _Outcome(endpoint, seconds, values, tuple(fields.problems))


def _document(answer: Answer) -> Mapping[str, object]:
    if answer.code != 200:
        raise FetchError(_REASONS.get(answer.code, f"HTTP {answer.code}"))
    content = json_of(answer)
    if not isinstance(content, dict):
        raise FetchError("the answer is not an object")
    return content


def _families(outcomes: Sequence[_Outcome]) -> list[Family]:
    families = [
        family(
            metrics.ENDPOINT_UP,
            [((outcome.endpoint.name,), float(outcome.values is not None)) for outcome in outcomes],
        )
    ]
    answered = [
        ((outcome.endpoint.name,), outcome.seconds) for outcome in outcomes if outcome.seconds is not None
    ]
    if answered:
        families.append(family(metrics.ENDPOINT_RESPONSE, answered))
    for outcome in outcomes:
        families.extend(value_families(outcome.values or {}))
    return families
