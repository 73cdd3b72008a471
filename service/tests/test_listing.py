"""Pages of notifications: what is found, how it is counted, and by which index."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from libsql_client import Client, InArgs, InStatement, ResultSet, Statement, Transaction
from whatsapp_database import timestamps
from whatsapp_service.estados import Estado
from whatsapp_service.figures import read_figures
from whatsapp_service.listing import COUNTED_AT_MOST, Filter, list_page

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
TABLE = "whatsapp_notificaciones"


class StatementRecorder(Client):
    """Passes everything on to `client`; `statements` are those that were run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.statements: list[Statement] = []

    async def execute(self, stmt: InStatement, args: InArgs = None) -> ResultSet:
        self.statements.append(Statement.convert(stmt, args))
        return await self._client.execute(stmt, args)

    async def batch(self, stmts: list[InStatement]) -> list[ResultSet]:
        self.statements.extend(Statement.convert(stmt) for stmt in stmts)
        return await self._client.batch(stmts)

    def transaction(self) -> Transaction:
        return self._client.transaction()

    async def close(self) -> None:
        await self._client.close()

    @property
    def closed(self) -> bool:
        return self._client.closed

    async def plans(self, table: str) -> list[str]:
        """What SQLite does with `table` in the statements that name it, one text for each statement."""
        found: list[str] = []
        for statement in self.statements:
            if table in statement.sql:
                steps = await self._client.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.args)
                found.append("; ".join(str(step["detail"]) for step in steps))
        return found


async def _fill(database: Client, number: int) -> list[dict[str, Any]]:
    """Notifications that differ in everything that a filter knows, oldest first."""
    stored: list[dict[str, Any]] = []
    for index in range(number):
        estado = (Estado.PENDIENTE, Estado.ERROR, Estado.LEIDA)[index % 3]
        row: dict[str, Any] = {
            "id": index + 1,
            "empresa_id": 7 + index % 2,
            "contacto_id": 1 + index % 2,
            "plantilla_id": 1,
            "valorizacion_id": index % 5,
            "estado": estado.value,
            "codigo_error": 131026 if estado is Estado.ERROR and index % 2 else None,
            "clase_error": "recipient" if estado is Estado.ERROR else None,
            "created_at": timestamps.to_text(NOW + timedelta(minutes=index)),
        }
        stored.append(row)
        await database.execute(
            f"""INSERT INTO whatsapp_notificaciones (evento, {", ".join(row)})
            VALUES ('x', {", ".join("?" * len(row))})""",  # noqa: S608 - constant names
            tuple(row.values()),
        )
    return stored


FILTERS = [
    Filter(),
    Filter(estados=(Estado.ERROR,)),
    Filter(estados=(Estado.ERROR, Estado.PENDIENTE, Estado.ERROR)),
    Filter(empresa_id=7),
    Filter(empresa_id=7, estados=(Estado.LEIDA, Estado.ERROR)),
    Filter(contacto_id=2, estados=(Estado.ERROR,)),
    Filter(valorizacion_id=3),
    Filter(valorizacion_id=3, contacto_id=1, empresa_id=7, estados=(Estado.PENDIENTE,)),
    Filter(plantilla_id=1, codigo_error=131026),
    Filter(clase_error="recipient"),
    Filter(since=NOW + timedelta(minutes=3), until=NOW + timedelta(minutes=20)),
    Filter(estados=(Estado.ERROR,), until=NOW + timedelta(minutes=7)),
    Filter(plantilla_id=2),
    Filter(empresa_id=99),
]


def _matches(row: dict[str, Any], wanted: Filter) -> bool:
    created = timestamps.from_text(row["created_at"])
    return (
        all(
            getattr(wanted, name) in (None, row[name])
            for name in (
                *("empresa_id", "contacto_id", "plantilla_id", "valorizacion_id"),
                *("codigo_error", "clase_error"),
            )
        )
        and (not wanted.estados or row["estado"] in wanted.estados)
        and (wanted.since is None or created >= wanted.since)
        and (wanted.until is None or created < wanted.until)
    )


@pytest.mark.parametrize("wanted", FILTERS)
async def test_pages_hold_what_matches_newest_first(database: Client, wanted: Filter) -> None:
    stored = await _fill(database, 40)
    expected = [row["id"] for row in reversed(stored) if _matches(row, wanted)]
    by_key: list[object] = []
    before: int | None = None
    for _ in range(50):
        page = await list_page(database, wanted, limit=4, before=before)
        assert (page.total, page.exact) == (len(expected), True)
        by_key.extend(row["id"] for row in page.notifications)
        before = page.next_before
        if before is None:
            break
    assert by_key == expected
    by_offset: list[object] = []
    for offset in range(0, len(expected) + 1, 7):
        page = await list_page(database, wanted, limit=7, offset=offset)
        by_offset.extend(row["id"] for row in page.notifications)
    assert by_offset == expected


async def test_totals_beyond_the_kept_counts_are_bounded(database: Client) -> None:
    rows = COUNTED_AT_MOST + 5
    await database.execute(
        """WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
        INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento)
        SELECT 7, 1, 1, 'x' FROM number""",
        (rows,),
    )
    kept = await list_page(database, Filter(empresa_id=7), limit=1)
    assert (kept.total, kept.exact) == (rows, True)
    bounded = await list_page(database, Filter(plantilla_id=1), limit=1)
    assert bounded.exact is False
    assert COUNTED_AT_MOST <= bounded.total < rows
    await database.execute("UPDATE whatsapp_notificaciones SET codigo_error = 1 WHERE id <= 3")
    hidden = await list_page(database, Filter(codigo_error=1), limit=10)  # older than all that are counted
    assert (hidden.total, hidden.exact) == (3, False)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(estados=(Estado.PENDIENTE,)), "estado (estado=? AND id<?)"),
        (Filter(estados=(Estado.ERROR,), codigo_error=131026), "estado (estado=? AND id<?)"),
        (Filter(empresa_id=7), "empresa (empresa_id=? AND id<?)"),
        (Filter(contacto_id=1, estados=(Estado.ERROR,)), "contacto (contacto_id=? AND id<?)"),
        (Filter(valorizacion_id=3), "valorizacion (valorizacion_id=? AND rowid<?)"),
    ],
)
async def test_a_page_is_read_by_an_index_in_its_order(database: Client, wanted: Filter, index: str) -> None:
    await _fill(database, 40)
    recorder = StatementRecorder(database)
    await list_page(recorder, wanted, limit=10, before=30)
    page = (await recorder.plans(TABLE))[0]
    assert f"USING INDEX idx_{TABLE}_{index}" in page
    assert "TEMP B-TREE" not in page


async def test_several_states_are_merged_not_sorted_whole(database: Client) -> None:
    await _fill(database, 40)
    recorder = StatementRecorder(database)
    await list_page(recorder, Filter(estados=(Estado.ERROR, Estado.LEIDA)), limit=10)
    page = (await recorder.plans(TABLE))[0]
    assert page.count(f"USING COVERING INDEX idx_{TABLE}_estado") == 2, page
    assert "SCAN whatsapp" not in page


async def test_the_rarer_of_state_and_company_is_read(database: Client) -> None:
    for empresa_id, estado in itertools.chain(
        itertools.repeat((7, "LEIDA"), 20), [(7, "ERROR"), (8, "LEIDA"), (8, "ERROR")]
    ):
        await database.execute(
            """INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento, estado)
            VALUES (?, 1, 1, 'x', ?)""",
            (empresa_id, estado),
        )
    for wanted, index in (
        (Filter(empresa_id=7, estados=(Estado.ERROR,)), "estado"),
        (Filter(empresa_id=8, estados=(Estado.LEIDA,)), "empresa"),
    ):
        recorder = StatementRecorder(database)
        await list_page(recorder, wanted, limit=10)
        assert f"idx_{TABLE}_{index} " in (await recorder.plans(TABLE))[0]


async def test_what_is_due_is_counted_by_its_own_index(database: Client) -> None:
    await _fill(database, 40)
    recorder = StatementRecorder(database)
    figures = await read_figures(recorder, now=datetime.now(UTC), operators_zone=UTC)
    assert (figures.due, figures.scheduled) == (14, 0)
    (plan,) = await recorder.plans(TABLE)
    counts = [step for step in plan.split("; ") if TABLE in step]
    assert len(counts) == 3
    assert all(f"idx_{TABLE}_envio_pendiente (prioridad=? AND programada_para" in step for step in counts), (
        plan
    )


@pytest.mark.parametrize(("due", "later"), [(3, 2), (3, 10_050), (10_050, 3), (10_020, 10_030)])
async def test_due_and_scheduled_are_exact_whatever_their_sizes(
    database: Client, due: int, later: int
) -> None:
    for number, moment in ((due, "2026-01-02T11:00:00.000Z"), (later, "2026-01-02T13:00:00.000Z")):
        await database.execute(
            """WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
            INSERT INTO whatsapp_notificaciones
                (empresa_id, contacto_id, plantilla_id, evento, prioridad, programada_para)
            SELECT 7, 1, 1, 'x', n % 3, ? FROM number""",
            (number, moment),
        )
    figures = await read_figures(database, now=NOW, operators_zone=UTC)
    assert (figures.due, figures.scheduled) == (due, later)
