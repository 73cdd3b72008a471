"""What every client does alike: values, results, batches, transactions, errors; on a file and on a server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from libsql_client import Client, InStatement, InValue, Statement, Value
from whatsapp_database import (
    ClientClosedError,
    ConstraintError,
    PermanentDatabaseError,
    open_database,
)


async def _values(client: Client) -> list[Value]:
    return [row[0] for row in await client.execute("SELECT v FROM t ORDER BY id")]


@pytest.fixture
async def table(each_client: Client) -> Client:
    await each_client.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT UNIQUE)")
    return each_client


@pytest.mark.parametrize(
    ("given", "stored", "kind"),
    [
        (2**63 - 1, 2**63 - 1, "integer"),
        (-(2**63), -(2**63), "integer"),
        (2**53 + 1, 2**53 + 1, "integer"),
        (True, 1, "integer"),
        (datetime(2026, 1, 2, tzinfo=UTC), 1767312000000, "integer"),
        (1.5, 1.5, "real"),
        (2.0, 2.0, "real"),
        (-1e300, -1e300, "real"),
        ("", "", "text"),
        ('ñandú "\\ \n\u2028 😀', 'ñandú "\\ \n\u2028 😀', "text"),
        (b"", b"", "blob"),
        (bytes(range(256)), bytes(range(256)), "blob"),
        (bytearray(b"a"), b"a", "blob"),
        (memoryview(b"ab"), b"ab", "blob"),
        (None, None, "null"),
    ],
)
async def test_values_come_back_as_they_went(
    each_client: Client, given: InValue, stored: Value, kind: str
) -> None:
    row = (await each_client.execute("SELECT ?1 AS v, typeof(?1) AS kind", (given,)))[0]
    assert row.asdict() == {"v": stored, "kind": kind}
    assert type(row["v"]) is type(stored)


async def test_values_that_cannot_be_stored(table: Client) -> None:
    insert = "INSERT INTO t (v) VALUES (?)"
    with pytest.raises(ValueError, match="finite"):
        await table.execute(insert, (float("inf"),))
    with pytest.raises(OverflowError):
        await table.execute(insert, (2**63,))
    with pytest.raises(PermanentDatabaseError):
        await table.execute(insert, ([1],))  # type: ignore[arg-type] # what is tested
    with pytest.raises(PermanentDatabaseError):
        await table.execute(insert, ("a", "b"))
    with pytest.raises(PermanentDatabaseError):
        await table.execute("INSERT INTO t (v) VALUES (:v)", {"other": 1})
    assert await _values(table) == []


async def test_rows_are_read_by_name_and_writes_tell_what_they_did(table: Client) -> None:
    written = await table.execute("INSERT INTO t (v) VALUES (:v), ('dos')", {":v": "uno"})
    result = await table.execute("SELECT id, v, 1 AS n FROM t WHERE v = ?", ("uno",))
    changed = await table.execute("UPDATE t SET v = v || '!' RETURNING v")
    assert (written.rows_affected, written.last_insert_rowid) == (2, 2)
    assert result[0].asdict() == {"id": 1, "v": "uno", "n": 1}
    assert result.columns == ("id", "v", "n")
    assert [row["v"] for row in changed] == ["uno!", "dos!"]
    assert (await table.execute("SELECT * FROM t")).rows_affected == 0
    assert (await table.execute("DELETE FROM t")).rows_affected == 2
    assert (await table.execute("DELETE FROM t")).rows_affected == 0


async def test_batch_returns_a_result_for_each_statement(table: Client) -> None:
    statements: list[InStatement] = [
        ("INSERT INTO t (v) VALUES (?)", ("a",)),
        Statement("INSERT INTO t (v) VALUES (:v)", {"v": "b"}),
        "SELECT count(*) FROM t",
    ]
    first, second, count = await table.batch(statements)
    assert (first.last_insert_rowid, second.last_insert_rowid, count[0][0]) == (1, 2, 2)
    assert [len(result) for result in await table.batch(["SELECT 1", "SELECT v FROM t"])] == [1, 2]
    assert await table.batch([]) == []


async def test_batch_is_all_or_nothing(table: Client) -> None:
    with pytest.raises(ConstraintError, match=r"^SQLITE_CONSTRAINT\w*: UNIQUE constraint failed: t.v$"):
        await table.batch(["INSERT INTO t (v) VALUES ('a')", "INSERT INTO t (v) VALUES ('a')"])
    assert await _values(table) == []
    await table.execute("INSERT INTO t (v) VALUES ('a')")  # nothing holds the lock


async def test_foreign_keys_hold(table: Client) -> None:
    await table.execute("CREATE TABLE c (t INTEGER NOT NULL REFERENCES t (id))")
    with pytest.raises(ConstraintError):
        await table.execute("INSERT INTO c VALUES (99)")


async def test_transaction_without_commit_rolls_back_and_frees_the_writer(table: Client) -> None:
    with table.transaction() as transaction:
        await transaction.execute("INSERT INTO t (v) VALUES ('a')")
        assert (await transaction.execute("SELECT count(*) FROM t"))[0][0] == 1
        assert await _values(table) == []
    assert transaction.closed
    await table.execute("INSERT INTO t (v) VALUES ('b')")
    assert await _values(table) == ["b"]
    with pytest.raises(ClientClosedError):
        await transaction.execute("SELECT 1")


async def test_transaction_survives_a_statement_that_is_refused(table: Client) -> None:
    with table.transaction() as transaction:
        await transaction.execute("INSERT INTO t (v) VALUES ('a')")
        with pytest.raises(ConstraintError):
            await transaction.execute("INSERT INTO t (v) VALUES ('a')")
        with pytest.raises(PermanentDatabaseError):
            await transaction.execute("INSERT INTO absent VALUES ('a')")
        await transaction.execute("INSERT INTO t (v) VALUES ('b')")
        await transaction.commit()
    assert await _values(table) == ["a", "b"]
    with pytest.raises(ClientClosedError):
        await transaction.commit()


async def test_rollback_and_a_transaction_without_statements(table: Client) -> None:
    transaction = table.transaction()
    await transaction.execute("INSERT INTO t (v) VALUES ('a')")
    await transaction.rollback()
    await transaction.rollback()
    await table.transaction().commit()
    assert transaction.closed
    assert await _values(table) == []


async def test_read_only_client_cannot_write(table: Client, each_url: str) -> None:
    async with open_database(each_url, read_only=True) as reader:
        assert (await reader.execute("SELECT count(*) FROM t"))[0][0] == 0
        assert (await reader.execute("PRAGMA page_count"))[0][0] != 0
        with pytest.raises(PermanentDatabaseError, match="readonly"):
            await reader.execute("INSERT INTO t (v) VALUES ('a')")
        with pytest.raises(PermanentDatabaseError, match="readonly"):
            await reader.batch(["SELECT 1", "INSERT INTO t (v) VALUES ('a')"])
    assert await _values(table) == []


async def test_wrong_sql_is_permanent(table: Client) -> None:
    for sql, text in (("SELECT * FROM absent", "no such table"), ("SELEC 1", "syntax error")):
        with pytest.raises(PermanentDatabaseError, match=text):
            await table.execute(sql)
    with pytest.raises(PermanentDatabaseError):
        await table.execute("SELECT 1; SELECT 2")


async def test_errors_hold_no_arguments(table: Client) -> None:
    await table.execute("INSERT INTO t (v) VALUES (?)", ("tel +51900000001",))
    for sql in (
        "INSERT INTO t (v) VALUES (?)",
        "INSERT INTO t (id, v) VALUES (?, 1)",
        "SELECT ? FROM absent",
    ):
        with pytest.raises(PermanentDatabaseError) as raised:
            await table.execute(sql, ("tel +51900000001",))
        assert "51900000001" not in repr(raised.value)


async def test_closed_client_refuses(each_url: str) -> None:
    client = open_database(each_url)
    await client.execute("CREATE TABLE t (id INTEGER)")
    await client.close()
    await client.close()
    assert client.closed
    with pytest.raises(ClientClosedError):
        await client.execute("SELECT 1")
    with pytest.raises(ClientClosedError):
        await client.batch(["SELECT 1"])
    with pytest.raises(ClientClosedError):
        client.transaction()
