"""Read the database's aggregates and show them as metrics."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from libsql_client import ResultSet
from whatsapp_database.timestamps import to_text

from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.database import durations, funnel, maintenance, queries, queue, storage
from whatsapp_exporter.collectors.database.answers import AnswerError, Answers
from whatsapp_exporter.collectors.database.config import DatabaseConfig
from whatsapp_exporter.collectors.database.connection import DatabaseConnection
from whatsapp_exporter.collectors.database.kept_counters import KeptCounters
from whatsapp_exporter.family import AnyFamily

DAY = timedelta(days=1)
_MINUTE, _HOUR = len("YYYY-MM-DDTHH:MM"), len("YYYY-MM-DDTHH")
_PARTS: tuple[Callable[[Answers], list[AnyFamily]], ...] = (
    queue.build,
    funnel.build,
    durations.build,
    storage.build,
    maintenance.build,
)


class DatabaseCollector:
    """Reads one snapshot at each run; counters go on from what was shown before, also after a restore."""

    name = "database"

    def __init__(self, config: DatabaseConfig, surroundings: CollectorSurroundings) -> None:
        self._config = config
        self._wall = surroundings.wall
        self._connection = DatabaseConnection(config.url, config.auth_token_file)
        self._counters = KeptCounters(surroundings.state_directory, surroundings.target)

    async def collect(self) -> Sequence[AnyFamily]:
        """Return the families.

        Raises CollectionError when the database cannot be read, and with what can be read when one of its
        answers is not what it must be.
        """
        now = datetime.fromtimestamp(self._wall(), UTC)
        values = parameters(now, self._config.without_status_after)
        results = await self._connection.snapshot([query.statement(values) for query in queries.ALL])
        families, errors = read(dict(zip(queries.ALL, results, strict=True)), now)
        shown = await self._counters.apply(families)
        if errors:
            raise CollectionError(f"not the answer of our database: {'; '.join(errors)}", shown)
        return shown

    def without_answer(self) -> Sequence[AnyFamily]:
        """Return nothing: what a database that does not answer holds is not known."""
        return ()

    async def close(self) -> None:
        """Close the connection, and leave the counters' file to others."""
        await self._connection.close()
        await self._counters.close()


def parameters(now: datetime, without_status_after: float) -> dict[str, str]:
    """Return the arguments of the queries, by name."""
    return {
        queries.NOW: to_text(now),
        queries.STATUS_EXPECTED_FROM: to_text(now - DAY)[:_MINUTE],
        # Only minutes that are over the limit to their last second: those before that of the limit.
        queries.STATUS_EXPECTED_UNTIL: to_text(now - timedelta(seconds=without_status_after))[:_MINUTE],
        queries.RECIPIENTS_FROM: to_text(now - DAY)[:_HOUR],
    }


def read(results: Mapping[queries.Query, ResultSet], now: datetime) -> tuple[list[AnyFamily], list[str]]:
    """Return the families that can be made of the answers, and what is wrong with the others."""
    answers = Answers(results, now)
    families: list[AnyFamily] = []
    errors = []
    for build in _PARTS:
        try:
            families.extend(build(answers))
        except AnswerError as error:
            errors.append(str(error))
    return families, errors
