"""A damaged or foreign database may answer anything: errors that name the query, never an invalid page."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libsql_client import Client, ResultSet, Row
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text
from whatsapp_database import packaged_migrations
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.database import DatabaseCollector, queries
from whatsapp_exporter.collectors.database.collector import parameters, read
from whatsapp_exporter.collectors.database.config import DatabaseConfig
from whatsapp_exporter.collectors.database.monotonic import MonotonicCounters
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import AnyFamily, Family, HistogramFamily

parse_openmetrics: Callable[[str], Iterable[Metric]] = openmetrics_parser.text_string_to_metric_families
NOW = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
NAMES = (
    "accepted",
    "failed",
    "billable",
    "retried",
    "due_to_sent",
    "empresa",
    "error",
    "cobro",
    "total",
    "pais",
)
KEYS = (
    "7",
    "-1",
    "PE",
    "recipient/131026",
    "/",
    "",
    "utility/regular",
    "PENDIENTE",
    "todo",
    "meta",
    "BACKUP",
)
TIMES = ("2026-01-15T11:00:00.000Z", "2026-01-15 11:00:00", "0001-01-01", "9999-12-31T23:59:59+00:00", "2026")
STRANGE = st.one_of(
    st.none(),
    st.integers(),
    st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, -(2**63), 10**400]),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.sampled_from(["51900000001", 'a"b\\c\nd', "x" * 5000, "\ud800", "\0", "12345678901234567890"]),
    st.binary(max_size=20),
)
USUAL = st.one_of(st.integers(0, 1000), st.sampled_from([*NAMES, *KEYS, *TIMES]))


def columns() -> dict[queries.Query, tuple[str, ...]]:
    """What each query answers, from a database of our schema."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY)")
        for migration in packaged_migrations():
            connection.executescript(migration.sql)
        values = parameters(NOW, 900)
        return {
            query: tuple(
                column[0]
                for column in connection.execute(
                    query.sql, [values[name] for name in query.parameters]
                ).description
            )
            for query in queries.ALL
        }


COLUMNS = columns()


@st.composite
def results(draw: st.DrawFn) -> dict[queries.Query, ResultSet]:
    """An answer to each query: right columns (mostly), any number of rows, any values."""
    found = {}
    for query, expected in COLUMNS.items():
        names = expected[1:] if draw(st.integers(0, 50)) == 0 else expected
        values = draw(st.sampled_from([USUAL, USUAL, USUAL, STRANGE, USUAL | STRANGE]))
        rows: Any = draw(st.lists(st.tuples(*(values for _ in names)), max_size=4))
        indexes = {name: index for index, name in enumerate(names)}
        found[query] = ResultSet(names, [Row(indexes, row) for row in rows], 0, None)
    return found


def check(families: list[AnyFamily]) -> None:
    """The page is right in both formats and holds no telephone number."""
    encoder = PageEncoder()
    text = encoder.encode(families, Form.TEXT, gzip=False).decode()
    modern = encoder.encode(families, Form.OPENMETRICS, gzip=False).decode()
    expected = sum(
        one.series
        if isinstance(one, Family)
        else sum(len(buckets.counts) + 2 for buckets in one.samples.values())
        for one in families
    )
    assert sum(len(metric.samples) for metric in parse_text(text)) == expected
    # The parser checks, among others, that buckets are cumulative and counters not negative.
    assert sum(len(metric.samples) for metric in parse_openmetrics(modern)) == expected
    for one in families:
        for labels in one.samples:
            assert all(len(value) <= 120 and "\n" not in value for value in labels)
        if isinstance(one, HistogramFamily):
            assert all(list(buckets.counts) == sorted(buckets.counts) for buckets in one.samples.values())


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(results(), min_size=1, max_size=2))
def test_any_answers_make_a_valid_page(snapshots: list[dict[queries.Query, ResultSet]]) -> None:
    counters = MonotonicCounters()
    for answers in snapshots:
        families, errors = read(answers, NOW)
        check(families)
        check(counters.apply(families))
        names = {query.name for query in queries.ALL}
        assert all(error.partition(":")[0] in names for error in errors)


DAMAGE = {
    "counters: valor is not an integer": "UPDATE whatsapp_contadores SET valor = 'many'",
    "counters: valor is out of range": "UPDATE whatsapp_contadores SET valor = 9223372036854775807",
    "counters: clave of empresa is not an id": (
        "INSERT INTO whatsapp_contadores VALUES ('sent', 'empresa', '+51900000001', 1)"
    ),
    "durations: suma is out of range": "UPDATE whatsapp_duraciones SET suma = 9e999",
    "durations: total is out of range": "UPDATE whatsapp_duraciones SET total = -1",
    "tables: medida_at is not a time": "INSERT INTO whatsapp_tablas VALUES ('t', 1, 1, 'yesterday')",
    "tables: filas is not an integer": "INSERT INTO whatsapp_tablas VALUES ('t', x'00', 1, '2026-01-15')",
    "companies: empresa_id is not an integer": (
        "INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre) VALUES ('x', 'x')"
    ),
    "oldest waiting webhook event: received_at is not a time": (
        "INSERT INTO whatsapp_webhook_eventos (cuerpo, received_at) VALUES (x'', '')"
    ),
    "schema version: version is out of range": "UPDATE schema_migrations SET version = -version",
}


@pytest.mark.parametrize("message", DAMAGE)
async def test_damaged_value_is_named_and_the_rest_is_shown(
    database: Client, database_url: str, surroundings: CollectorSurroundings, message: str
) -> None:
    await database.execute(DAMAGE[message])
    reader = DatabaseCollector(DatabaseConfig(url=database_url), surroundings)
    with pytest.raises(CollectionError) as caught:
        await reader.collect()
    await reader.close()
    assert str(caught.value) == f"not the answer of our database: {message}"
    names = {one.definition.name for one in caught.value.families}
    # Each of the five parts stands for itself.
    parts = ("due_notifications", "accepted_total", "due_to_sent_seconds", "size_bytes", "schema_version")
    assert sum(f"whatsapp_database_{part}" in names for part in parts) == 4


async def test_text_that_is_not_utf8(
    database: Client, database_url: str, surroundings: CollectorSurroundings
) -> None:
    await database.execute("UPDATE whatsapp_plantillas_mensajes SET nombre = CAST(x'ff' AS TEXT)")
    reader = DatabaseCollector(DatabaseConfig(url=database_url), surroundings)
    with pytest.raises(CollectionError, match="cannot be read"):
        await reader.collect()
    await reader.close()


async def test_labels_hold_no_telephone_number_and_are_bounded(
    database: Client, database_url: str, surroundings: CollectorSurroundings
) -> None:
    await database.execute(
        "INSERT INTO whatsapp_contadores VALUES"
        " ('failed', 'error', '/', 1), ('failed', 'error', 'x/131026', 2),"
        " ('failed', 'error', '51900000001/51900000001', 3), ('failed', 'error', 'wamid.HBg/', 4),"
        " ('sent', 'pais', '51', 5), ('sent', 'pais', '', 6), ('sent', 'pais', 'PE', 7),"
        " ('free', 'cobro', '/free_entry_point', 8)"
    )
    await database.execute(
        "UPDATE whatsapp_plantillas_mensajes SET nombre = ?, evento = ?", ["n" * 500, "  a\n\tb\x07 "]
    )
    reader = DatabaseCollector(DatabaseConfig(url=database_url), surroundings)
    found = {
        (one.definition.name.removeprefix("whatsapp_database_"), *labels): value
        for one in await reader.collect()
        if isinstance(one, Family)
        for labels, value in one.samples.items()
    }
    await reader.close()
    assert {key[1:]: value for key, value in found.items() if key[0] == "failures_total"} == {
        ("unknown", "none"): 1,
        ("x", "131026"): 2,
        ("other", "other"): 3,
        ("other", "none"): 4,
    }
    assert {key[1:]: value for key, value in found.items() if key[0] == "country_sent_total"} == {
        ("PE",): 7,
        ("ZZ",): 11,
    }
    assert found["free_messages_total", "unknown", "free_entry_point"] == 8
    assert found["billable_messages_total", "unknown", "free_entry_point"] == 0
    assert found["template_info", "1", "n" * 120, "es", "UTILITY", "a b\ufffd"] == 1
