"""Ask Meta's Graph API, at intervals and within a budget, and show the answers as metrics."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.graph import account, metrics, phone
from whatsapp_exporter.collectors.graph.config import GraphConfig
from whatsapp_exporter.collectors.graph.errors import (
    BudgetSpentError,
    GraphReadError,
    LimitedError,
    TokenRefusedError,
)
from whatsapp_exporter.collectors.graph.health import EntityHealth
from whatsapp_exporter.collectors.graph.read_budget import ReadBudget
from whatsapp_exporter.collectors.graph.reader import GraphReader, Session
from whatsapp_exporter.collectors.graph.templates import TemplateReader, template_families
from whatsapp_exporter.collectors.graph.token import describe_token
from whatsapp_exporter.family import Family, family, single
from whatsapp_exporter.section import SecretFileError, read_secret

TOKEN = "token"
PHONE = "phone_number"
ACCOUNT = "account"
SUBSCRIPTIONS = "subscribed_apps"
TEMPLATES = "templates"
NODES = (TOKEN, PHONE, ACCOUNT, SUBSCRIPTIONS, TEMPLATES)

RUN_SHARE = 0.9
"""Of the timeout, for the reads: then the run ends with what it knows."""
READ_SHARE = 0.3
"""Of the timeout, for one read: one that hangs leaves time for others."""


class GraphCollector:
    """Reads token, number, account, subscriptions and templates one after the other.

    A node that cannot be read takes its own families away. The token's file is read anew at each run.
    `transport` replaces the network in tests.
    """

    name = "graph"

    def __init__(
        self,
        config: GraphConfig,
        surroundings: CollectorSurroundings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._config = config
        self._surroundings = surroundings
        self._budget = ReadBudget(
            config.reads_per_hour,
            monotonic=surroundings.monotonic,
            wall=surroundings.wall,
            file=_budget_file(surroundings),
        )
        self._reader = GraphReader(
            config.url, self._budget, surroundings, timeout=config.timeout, transport=transport
        )
        self._templates = TemplateReader(self._reader, config.account_id)

    async def collect(self) -> Sequence[Family]:
        """Return the families. Raises CollectionError with what is known when a node could not be read."""
        self._reader.begin()
        try:
            token = read_secret(self._config.token_file)
        except SecretFileError as error:
            raise CollectionError(f"token_file: {error}", self.without_answer()) from error
        timeout = self._config.timeout
        session = Session(token, self._surroundings.monotonic() + RUN_SHARE * timeout, READ_SHARE * timeout)
        run = _Run(self._config, self._reader, self._templates, session)
        await run.make()
        families = (*run.families(), *self._reader.usage.families(), *self._budget_families())
        if run.problems:
            raise CollectionError("; ".join(run.problems), families)
        return families

    def without_answer(self) -> Sequence[Family]:
        """Return how much of the budget is used, and that nothing was read."""
        return (_success(frozenset()), *self._budget_families())

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._reader.close()

    def _budget_families(self) -> Sequence[Family]:
        return (
            single(metrics.READS, self._budget.used),
            single(metrics.READS_LIMIT, self._budget.limit),
        )


class _Run:
    """One run, and what it has found so far."""

    def __init__(
        self,
        config: GraphConfig,
        reader: GraphReader,
        templates: TemplateReader,
        session: Session,
    ) -> None:
        self.problems: list[str] = []
        self._config = config
        self._reader = reader
        self._templates = templates
        self._session = session
        self._health = EntityHealth()
        self._families: list[Family] = []
        self._read: set[str] = set()
        self._described_valid: bool | None = None
        self._token_refused = False
        self._own_app: str | None = None

    async def make(self) -> None:
        """Read every node, until no more reads are allowed."""
        reads: dict[str, Callable[[], Awaitable[Sequence[str]]]] = {
            TOKEN: self._read_token,
            PHONE: self._read_phone,
            ACCOUNT: self._read_account,
            SUBSCRIPTIONS: self._read_subscriptions,
            TEMPLATES: self._read_templates,
        }
        for node in NODES:
            try:
                problems = await reads[node]()
            except (LimitedError, BudgetSpentError) as error:
                self.problems.append(f"{node}: {error}")
                return
            except GraphReadError as error:
                self._token_refused |= isinstance(error, TokenRefusedError)
                self.problems.append(f"{node}: {error}")
            else:
                self._read.add(node)
                self.problems.extend(f"{node}: {problem}" for problem in problems)

    def families(self) -> Sequence[Family]:
        """Return what was found."""
        valid = self._token_valid()
        found = [*self._families, *self._health.families()]
        if valid is not None:
            found.append(single(metrics.TOKEN_VALID, valid))
        return (*found, _success(frozenset(self._read)))

    def _token_valid(self) -> bool | None:
        """Return whether Meta takes the token: what it says of it counts less than that it refuses it."""
        answered = bool(self._read - {TOKEN})
        if self._described_valid is None:
            return answered if answered or self._token_refused else None
        return self._described_valid and (answered or not self._token_refused)

    async def _read_token(self) -> Sequence[str]:
        answer = await self._reader.read(self._session, "debug_token", {"input_token": self._session.token})
        description = describe_token(answer)
        self._described_valid, self._own_app = description.valid, description.app_id
        self._families.extend(description.families)
        return answer.problems

    async def _read_phone(self) -> Sequence[str]:
        node = await self._reader.read_fields(self._session, self._config.phone_number_id, phone.FIELDS)
        self._families.extend(phone.phone_families(node, self._config.webhook_url))
        self._health.add(node, overall=True)
        return node.problems

    async def _read_account(self) -> Sequence[str]:
        node = await self._reader.read_fields(self._session, self._config.account_id, account.FIELDS)
        self._families.extend(account.account_families(node))
        self._health.add(node)
        return node.problems

    async def _read_subscriptions(self) -> Sequence[str]:
        path = f"{self._config.account_id}/subscribed_apps"
        answer = await self._reader.read(self._session, path, {})
        self._families.extend(account.subscription_families(answer, self._own_app))
        return answer.problems

    async def _read_templates(self) -> Sequence[str]:
        read = await self._templates.read(self._session)
        self._families.extend(template_families(read))
        return read.problems


def _success(read: frozenset[str]) -> Family:
    return family(metrics.READ_SUCCESS, (((node,), float(node in read)) for node in NODES))


def _budget_file(surroundings: CollectorSurroundings) -> Path | None:
    if surroundings.state_directory is None:
        return None
    target = f"-{surroundings.target}" if surroundings.target else ""
    return surroundings.state_directory / f"graph-reads{target}.json"
