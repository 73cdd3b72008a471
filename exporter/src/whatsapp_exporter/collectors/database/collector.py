"""Read the database's aggregates and show them as metrics."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from libsql_client import LibsqlError, ResultSet, Statement
from whatsapp_database import PoolSettings, open_database
from whatsapp_database.timestamps import to_text

from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.database import metrics, queries
from whatsapp_exporter.collectors.database.config import DatabaseConfig
from whatsapp_exporter.family import Family, family, single
from whatsapp_exporter.metrics.definition import MetricDefinition
from whatsapp_exporter.section import SecretFileError, read_secret

STATES = ("PENDIENTE", "ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "CANCELADA", "DESCONOCIDA")
"""Every state that the schema allows."""

COUNTERS: dict[str, MetricDefinition] = {
    "accepted": metrics.ACCEPTED,
    "sent": metrics.SENT,
    "delivered": metrics.DELIVERED,
    "read": metrics.READ,
    "failed": metrics.FAILED,
}
"""`whatsapp_totales.nombre` -> metric."""

# One connection, opened for the scrape, that waits little: a locked database is a failed scrape.
_POOL = PoolSettings(size=1, max_overflow=0, timeout=5.0, busy_timeout=1.0)


class DatabaseCollector:
    """Reads one snapshot over a connection of its own at each run.

    A new connection sees the file that is there now, also after a restore put another in its place.
    """

    name = "database"

    def __init__(self, config: DatabaseConfig, surroundings: CollectorSurroundings) -> None:
        self._config = config
        self._wall = surroundings.wall

    async def collect(self) -> Sequence[Family]:
        """Return the families. Raises CollectionError when the database cannot be read."""
        now = datetime.fromtimestamp(self._wall(), UTC)
        client = open_database(self._config.url, self._token(), pool=_POOL, read_only=True)
        try:
            counts, totals, companies, due, oldest, size, version, maintenance = await client.batch(
                [
                    queries.COUNTS_BY_STATE,
                    queries.TOTALS,
                    queries.COMPANIES,
                    Statement(queries.DUE, [to_text(now)]),
                    queries.OLDEST_PENDING,
                    queries.SIZE,
                    queries.SCHEMA_VERSION,
                    queries.LAST_MAINTENANCE,
                ]
            )
        except LibsqlError as error:
            raise CollectionError(f"the database cannot be read: {error}") from error
        finally:
            await client.close()
        by_state = {str(row["estado"]): _number(row["total"]) for row in counts}
        due_now = _number(due[0]["total"])
        return [
            family(metrics.NOTIFICATIONS, _by_state(by_state)),
            *_counters(totals, companies),
            single(metrics.DUE, due_now),
            single(metrics.SCHEDULED, max(0.0, by_state.get("PENDIENTE", 0.0) - due_now)),
            single(metrics.OLDEST_DUE_AGE, _age(oldest[0]["oldest"], now)),
            single(metrics.UNKNOWN_OUTCOMES, by_state.get("DESCONOCIDA", 0.0)),
            single(metrics.DATABASE_SIZE, _number(size[0]["size"])),
            family(
                metrics.MAINTENANCE_LAST_SUCCESS,
                (
                    ((str(row["operation"]),), _moment(row["executed_at"]).timestamp())
                    for row in maintenance
                    if row["executed_at"] is not None
                ),
            ),
            single(metrics.SCHEMA_VERSION, _number(version[0]["version"] or 0)),
        ]

    def without_answer(self) -> Sequence[Family]:
        """Return nothing: what a database that does not answer holds is not known."""
        return ()

    async def close(self) -> None:
        """Do nothing: connections live for one run."""

    def _token(self) -> str | None:
        if self._config.auth_token_file is None:
            return None
        try:
            return read_secret(self._config.auth_token_file)
        except SecretFileError as error:
            raise CollectionError(f"auth_token_file: {error}") from error


def _by_state(counts: Mapping[str, float]) -> list[tuple[tuple[str], float]]:
    states = [*STATES, *sorted(set(counts) - set(STATES))]
    return [((state,), counts.get(state, 0.0)) for state in states]


def _counters(totals: ResultSet, companies: ResultSet) -> list[Family]:
    """Return the five counters, each with a series for every company that is known."""
    values: defaultdict[str, dict[str, float]] = defaultdict(dict)
    known = {str(row["empresa_id"]) for row in companies}
    for row in totals:
        company = str(row["empresa_id"])
        known.add(company)
        values[str(row["nombre"])][company] = _number(row["valor"])
    return [
        family(definition, (((company,), values[name].get(company, 0.0)) for company in sorted(known)))
        for name, definition in COUNTERS.items()
    ]


def _age(oldest: object, now: datetime) -> float:
    return 0.0 if oldest is None else max(0.0, (now - _moment(oldest)).total_seconds())


def _moment(stored: object) -> datetime:
    """Read a stored time; one without a zone (`datetime('now')` of SQLite) is UTC."""
    try:
        moment = datetime.fromisoformat(str(stored))
    except ValueError as error:
        raise CollectionError("the database holds a time that cannot be read") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise CollectionError("the database answered something else than a number")
    return float(value)
