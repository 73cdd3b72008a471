"""Make reads: within the budget, not while Meta's limit lasts, and with as many fields as Meta takes."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from whatsapp_exporter.bounded_fetch import Answer, BoundedFetcher, FetchError
from whatsapp_exporter.collector import CollectorSurroundings
from whatsapp_exporter.collectors.graph.document import Document
from whatsapp_exporter.collectors.graph.errors import (
    LimitedError,
    NoAnswerError,
    UnknownFieldError,
    object_of,
)
from whatsapp_exporter.collectors.graph.read_budget import ReadBudget
from whatsapp_exporter.collectors.graph.usage import Usage, parse_usage
from whatsapp_exporter.json_fields import JsonFields

logger = logging.getLogger(__name__)

FIRST_BACK_OFF_SECONDS = 300.0
LONGEST_BACK_OFF_SECONDS = 86_400.0
LONGEST_GUESSED_BACK_OFF_SECONDS = 3_600.0
SHORTEST_BACK_OFF_SECONDS = 60.0
FIELD_RETRY_SECONDS = 86_400.0
"""How long a field that Meta refused is not asked for."""
MAX_FIELD_RETRIES = 3
"""Reads of one node in a run beyond the first: then only the fields that every version has are asked for."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What is asked of a node: `plain` in any case, `optional` until Meta refuses one."""

    node: str
    plain: tuple[str, ...]
    optional: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A run: its token, the time (monotonic) by which its reads must have ended, seconds for each."""

    token: str
    deadline: float
    seconds: float


class GraphReader:
    """Reads of one run after the other. What Meta's limits are is remembered between runs.

    Every read opens a connection of its own: a kept one that Meta closed would be retried, a read that the
    budget would not know of.
    """

    def __init__(
        self,
        base_url: str,
        budget: ReadBudget,
        surroundings: CollectorSurroundings,
        *,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._budget = budget
        self._monotonic = surroundings.monotonic
        self._fetcher = BoundedFetcher(base_url, seconds=timeout, keep_alive=False, transport=transport)
        self._limited_until = float("-inf")
        self._back_off = FIRST_BACK_OFF_SECONDS
        self._refused: dict[tuple[str, str], float] = {}
        self.usage = Usage()
        """What the newest answer with usage headers said, since `begin`."""

    def begin(self) -> None:
        """Begin a run."""
        self.usage = Usage()

    async def close(self) -> None:
        """Close the connections."""
        await self._fetcher.close()

    async def read(self, session: Session, path: str, parameters: Mapping[str, str]) -> Document:
        """Return the object at the path. Raises GraphReadError, also instead of a request too many."""
        now = self._monotonic()
        if now < self._limited_until:
            raise LimitedError(f"Meta's limit is reached; next read in {self._limited_until - now:.0f} s")
        left = min(session.seconds, session.deadline - now)
        if left <= 0:
            raise NoAnswerError("no time is left in this run")
        self._budget.take()
        answer = await self._fetch(session.token, path, parameters, left)
        usage = parse_usage(answer.headers)
        if usage.app or usage.business:
            self.usage = usage
        try:
            content = object_of(answer)
        except LimitedError as error:
            raise self._limited(error, usage) from error
        self._back_off = FIRST_BACK_OFF_SECONDS
        return Document(JsonFields(content))

    async def read_fields(
        self, session: Session, path: str, fields: Fields, parameters: Mapping[str, str] | None = None
    ) -> Document:
        """Return the node with the fields that Meta takes. Raises GraphReadError."""
        left = MAX_FIELD_RETRIES
        while True:
            optional = self._wanted(fields)
            query = {**(parameters or {}), "fields": ",".join((*fields.plain, *optional))}
            try:
                return await self.read(session, path, query)
            except UnknownFieldError as error:
                if not optional:
                    raise
                left -= 1
                named = [name for name in optional if f"({name})" in error.told]
                self._refuse(fields.node, named if named and left > 0 else optional)

    def _wanted(self, fields: Fields) -> Sequence[str]:
        now = self._monotonic()
        return [
            name
            for name in fields.optional
            if now >= self._refused.get((fields.node, name), float("-inf")) + FIELD_RETRY_SECONDS
        ]

    def _refuse(self, node: str, names: Sequence[str]) -> None:
        for name in names:
            level = logging.DEBUG if (node, name) in self._refused else logging.INFO
            logger.log(level, "Meta does not know the field %s of %s; it is not asked for", name, node)
            self._refused[node, name] = self._monotonic()

    async def _fetch(self, token: str, path: str, parameters: Mapping[str, str], seconds: float) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(seconds):
                return await self._fetcher.fetch(
                    f"{self._base_url}/{path}", headers=headers, params=parameters
                )
        except TimeoutError as error:
            raise NoAnswerError("no answer in time") from error
        except FetchError as error:
            raise NoAnswerError(str(error)) from error

    def _limited(self, error: LimitedError, usage: Usage) -> LimitedError:
        """Remember until when nothing is asked: as long as Meta says, else longer each time."""
        seconds = usage.seconds_to_regain
        if seconds is None:
            seconds = self._back_off
            self._back_off = min(2 * self._back_off, LONGEST_GUESSED_BACK_OFF_SECONDS)
        seconds = min(max(seconds, SHORTEST_BACK_OFF_SECONDS), LONGEST_BACK_OFF_SECONDS)
        self._limited_until = self._monotonic() + seconds
        return LimitedError(f"{error}; next read in {seconds:.0f} s", seconds)
