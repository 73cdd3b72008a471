"""The libSQL server: the protocol, request by request."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.connection import open_database
from whatsapp_world.hrana.describe import parameter_names
from whatsapp_world.hrana.server import HranaServer, HranaSettings

Serve = Callable[..., AbstractAsyncContextManager[str]]
CLOSE = {"type": "close"}


@dataclass
class Pipelines:
    """Sends pipelines to a server, without a baton unless one is given."""

    http: httpx.AsyncClient
    url: str

    async def post(self, *requests: object, baton: object = None, version: int = 3) -> httpx.Response:
        body = {"baton": baton, "requests": list(requests)}
        return await self.http.post(f"{self.url}/v{version}/pipeline", json=body)

    async def answer(self, *requests: object, baton: object = None, version: int = 3) -> dict[str, Any]:
        response = await self.post(*requests, baton=baton, version=version)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    async def result(self, *requests: object) -> dict[str, Any]:
        """What the first request gives; the stream is closed."""
        answer = await self.answer(*requests, CLOSE)
        assert answer["baton"] is None
        result: dict[str, Any] = answer["results"][0]
        found: dict[str, Any] = result["error"] if result["type"] == "error" else result["response"]
        return found


@pytest.fixture
async def pipelines(tmp_path: Path, serve: Serve, client: httpx.AsyncClient) -> AsyncIterator[Pipelines]:
    open_database(tmp_path / "x.db")
    async with serve(build_app(HranaServer(HranaSettings(tmp_path / "x.db")))) as url:
        yield Pipelines(client, url)


def execute(sql: str, *args: object, **members: object) -> dict[str, object]:
    return {"type": "execute", "stmt": {"sql": sql, "args": list(args), **members}}


def batch(*steps: object) -> dict[str, object]:
    return {"type": "batch", "batch": {"steps": list(steps)}}


def step(sql: str, condition: object = None) -> dict[str, object]:
    return {"stmt": {"sql": sql}, "condition": condition}


async def test_versions_and_health(pipelines: Pipelines) -> None:
    for path, status in (("/v2", 200), ("/v3", 200), ("/v1", 404), ("/v3-protobuf", 404), ("/health", 200)):
        assert (await pipelines.http.get(pipelines.url + path)).status_code == status


@pytest.mark.parametrize(
    "value",
    [
        {"type": "null"},
        {"type": "integer", "value": "-9223372036854775808"},
        {"type": "integer", "value": "9223372036854775807"},
        {"type": "float", "value": 0.1},
        {"type": "text", "value": "ñ\u2028"},
        {"type": "blob", "base64": base64.b64encode(b"\xff").rstrip(b"=").decode()},
        {"type": "blob", "base64": ""},
    ],
)
async def test_values(pipelines: Pipelines, value: object) -> None:
    found = await pipelines.result(execute("SELECT ? AS v", value))
    assert found["result"]["rows"] == [[value]]
    assert found["result"]["cols"] == [{"name": "v", "decltype": None}]


async def test_values_that_json_cannot_say_are_null(pipelines: Pipelines) -> None:
    found = await pipelines.result(execute("SELECT 9e999"))
    assert found["result"]["rows"] == [[{"type": "float", "value": None}]]


async def test_results_of_writes(pipelines: Pipelines) -> None:
    answer = await pipelines.answer(
        execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)"),
        execute("INSERT INTO t (v) VALUES (1), (2)"),
        execute("WITH w AS (SELECT 1) UPDATE t SET v = 3"),
        execute("SELECT * FROM t", want_rows=False),
        execute(
            "SELECT :a, @b, $c",
            named_args=[{"name": n, "value": {"type": "null"}} for n in (":a", "b", "$c")],
        ),
        CLOSE,
    )
    results = [one["response"].get("result") for one in answer["results"]]
    assert [one["affected_row_count"] for one in results[:4]] == [0, 2, 2, 0]
    assert results[1]["last_insert_rowid"] == "2"
    assert (len(results[3]["cols"]), results[3]["rows"]) == (2, [])
    assert results[4]["rows"] == [[{"type": "null"}] * 3]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELEC 1", "SQL_PARSE_ERROR"),
        ("  -- nothing", "SQL_NO_STATEMENT"),
        ("SELECT 1; SELECT 2", "SQL_MANY_STATEMENTS"),
        ("SELECT x", "SQL_INPUT_ERROR"),
        ("SELECT * FROM absent", "SQLITE_UNKNOWN"),
        ("SELECT ?", "ARGS_INVALID"),
        ("COMMIT", "SQLITE_UNKNOWN"),
        ("PRAGMA journal_mode = DELETE", "SQL_PARSE_ERROR"),
        ("/* a */ pragma optimize", "SQL_PARSE_ERROR"),
        ("VACUUM", "SQL_PARSE_ERROR"),
        ("ANALYZE", "SQL_PARSE_ERROR"),
        ("CREATE TEMP TABLE x (y)", "SQL_PARSE_ERROR"),
        ("ATTACH 'x' AS y", "SQL_PARSE_ERROR"),
    ],
)
async def test_statements_that_fail(pipelines: Pipelines, sql: str, code: str) -> None:
    assert (await pipelines.result(execute(sql)))["code"] == code


@pytest.mark.parametrize(
    "sql",
    ["PRAGMA journal_mode", "PRAGMA main.page_count", "PRAGMA foreign_keys = ON", "REINDEX", "SELECT 1;"],
)
async def test_statements_that_are_taken(pipelines: Pipelines, sql: str) -> None:
    assert "result" in await pipelines.result(execute(sql))


async def test_constraint_has_its_primary_code(pipelines: Pipelines) -> None:
    answer = await pipelines.answer(
        execute("CREATE TABLE t (v UNIQUE)"),
        execute("INSERT INTO t VALUES (1)"),
        execute("INSERT INTO t VALUES (1)"),
        execute("INSERT INTO t VALUES (2)"),
        CLOSE,
    )
    assert [one["type"] for one in answer["results"]] == ["ok", "ok", "error", "ok", "ok"]
    assert answer["results"][2]["error"] == {
        "code": "SQLITE_CONSTRAINT",
        "message": "SQLite error: UNIQUE constraint failed: t.v",
    }


async def test_batch_conditions(pipelines: Pipelines) -> None:
    ok, failed = {"type": "ok", "step": 0}, {"type": "error", "step": 1}
    found = await pipelines.result(
        batch(
            step("SELECT 1"),
            step("SELECT * FROM absent"),
            step("SELECT 2", {"type": "and", "conds": [ok, failed]}),
            step(
                "SELECT 3", {"type": "or", "conds": [{"type": "error", "step": 0}, {"type": "ok", "step": 1}]}
            ),
            step("SELECT 4", {"type": "ok", "step": 3}),
            step("SELECT 5", {"type": "error", "step": 3}),
            step("SELECT 6", {"type": "not", "cond": {"type": "ok", "step": 3}}),
            step("BEGIN", {"type": "is_autocommit"}),
            step("SELECT 8", {"type": "is_autocommit"}),
        )
    )
    results, errors = found["result"]["step_results"], found["result"]["step_errors"]
    assert [one is not None for one in results] == [True, False, True, False, False, False, True, True, False]
    assert [one is not None for one in errors] == [False, True] + [False] * 7


async def test_stream_keeps_its_transaction_and_batons_are_good_once(pipelines: Pipelines) -> None:
    first = await pipelines.answer(execute("CREATE TABLE t (v)"), execute("BEGIN IMMEDIATE"))
    second = await pipelines.answer(
        execute("INSERT INTO t VALUES (1)"), {"type": "get_autocommit"}, baton=first["baton"]
    )
    assert second["results"][1]["response"] == {"type": "get_autocommit", "is_autocommit": False}
    count = (await pipelines.result(execute("SELECT count(*) FROM t")))["result"]["rows"]
    assert count == [[{"type": "integer", "value": "0"}]]
    again = await pipelines.post(CLOSE, baton=first["baton"])
    assert (again.status_code, again.text) == (400, "Received a baton that has already been used")
    last = await pipelines.answer(CLOSE, baton=second["baton"])
    assert last["baton"] is None
    gone = await pipelines.post(CLOSE, baton=second["baton"])
    assert (gone.status_code, gone.text) == (400, "Received an invalid baton")
    count = (await pipelines.result(execute("SELECT count(*) FROM t")))["result"]["rows"]
    assert count == [[{"type": "integer", "value": "0"}]]


async def test_forged_batons(pipelines: Pipelines) -> None:
    baton = base64.b64decode((await pipelines.answer(execute("SELECT 1")))["baton"])
    other = baton[:15] + bytes([baton[15] ^ 1]) + baton[16:]
    for forged in (base64.b64encode(other).decode(), base64.b64encode(baton[:16]).decode(), "x", "", "ñ"):
        response = await pipelines.post(CLOSE, baton=forged)
        assert (response.status_code, response.text) == (400, "Received an invalid baton")


async def test_stored_texts_belong_to_their_stream(pipelines: Pipelines) -> None:
    stored = {"type": "store_sql", "sql_id": 7, "sql": "SELECT 5"}
    use = {"type": "execute", "stmt": {"sql_id": 7}}
    first = await pipelines.answer(stored, use)
    assert first["results"][1]["response"]["result"]["rows"] == [[{"type": "integer", "value": "5"}]]
    again = await pipelines.answer({"type": "close_sql", "sql_id": 7}, stored, use, baton=first["baton"])
    assert [one["type"] for one in again["results"]] == ["ok", "ok", "ok"]
    assert (await pipelines.post(stored, baton=again["baton"])).text == "SQL text 7 already exists"
    assert (await pipelines.post(use)).text == "SQL text 7 not found"


async def test_sequence_stops_at_the_first_error(pipelines: Pipelines) -> None:
    script = (
        "CREATE TABLE t (v); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT ';'; SELECT 2; END;"
        " INSERT INTO t VALUES (';'); INSERT INTO absent VALUES (1); INSERT INTO t VALUES (2); -- end"
    )
    assert (await pipelines.result({"type": "sequence", "sql": script}))["code"] == "SQLITE_UNKNOWN"
    rows = (await pipelines.result(execute("SELECT v FROM t")))["result"]["rows"]
    assert rows == [[{"type": "text", "value": ";"}]]


async def test_describe(pipelines: Pipelines) -> None:
    found = await pipelines.answer(
        execute("CREATE TABLE t (v)"),
        {"type": "describe", "sql": "SELECT v, 1 AS n FROM t WHERE v = :a AND v = ?"},
        {"type": "describe", "sql": "INSERT INTO t VALUES (?3)"},
        {"type": "describe", "sql": "EXPLAIN SELECT 1"},
        {"type": "describe", "sql": "SELECT * FROM absent"},
        CLOSE,
    )
    query, insert, explain = (one["response"]["result"] for one in found["results"][1:4])
    assert [one["name"] for one in query["params"]] == [":a", None]
    assert [one["name"] for one in query["cols"]] == ["v", "n"]
    assert (query["is_readonly"], insert["is_readonly"], explain["is_explain"]) == (True, False, True)
    assert [one["name"] for one in insert["params"]] == [None, None, "?3"]
    assert found["results"][4]["error"]["code"] == "SQLITE_UNKNOWN"


def test_parameters_in_text_and_names_are_none() -> None:
    sql = """SELECT '?' || "?a" || `:b`, [@c], ?, $d, :d /* ?9 */ -- :e"""
    assert parameter_names(sql) == [None, "$d", ":d"]


async def test_cursor_gives_the_entries_of_a_batch(pipelines: Pipelines) -> None:
    steps = [
        step("SELECT 1 AS a UNION SELECT 2"),
        step("SELECT x"),
        step("SELECT 3", {"type": "ok", "step": 1}),
    ]
    response = await pipelines.http.post(pipelines.url + "/v3/cursor", json={"batch": {"steps": steps}})
    head, *entries = response.text.splitlines()
    assert '"baton"' in head
    kinds = ["step_begin", "row", "row", "step_end", "step_error"]
    assert [kind in entry for kind, entry in zip(kinds, entries, strict=True)] == [True] * 5


@pytest.mark.parametrize(
    "request_document",
    [
        "x",
        {"type": "fetch"},
        {"type": "execute"},
        {"type": "execute", "stmt": {}},
        {"type": "execute", "stmt": {"sql": "SELECT ?", "args": [{"type": "integer", "value": 1}]}},
        {
            "type": "execute",
            "stmt": {"sql": "SELECT ?", "args": [{"type": "integer", "value": "9223372036854775808"}]},
        },
        {"type": "execute", "stmt": {"sql": "SELECT ?", "args": [{"type": "blob", "base64": "*"}]}},
        {
            "type": "batch",
            "batch": {"steps": [{"stmt": {"sql": "SELECT 1"}, "condition": {"type": "ok", "step": 0}}]},
        },
        {
            "type": "batch",
            "batch": {"steps": [{"stmt": {"sql": "SELECT 1"}, "condition": {"type": "maybe"}}]},
        },
        {"type": "store_sql", "sql_id": "1", "sql": ""},
    ],
)
async def test_requests_that_break_the_protocol(pipelines: Pipelines, request_document: object) -> None:
    assert (await pipelines.post(request_document)).status_code == 400


async def test_version_2_has_no_autocommit(pipelines: Pipelines) -> None:
    assert (await pipelines.answer(execute("SELECT 1"), version=2))["baton"] is not None
    for request in ({"type": "get_autocommit"}, batch(step("SELECT 1", {"type": "is_autocommit"}))):
        response = await pipelines.post(request, version=2)
        assert (response.status_code, "only supported in protocol version hrana3" in response.text) == (
            400,
            True,
        )


async def test_dump_is_the_database_as_sql(pipelines: Pipelines) -> None:
    await pipelines.result({"type": "sequence", "sql": "CREATE TABLE t (v); INSERT INTO t VALUES ('a')"})
    text = (await pipelines.http.get(pipelines.url + "/dump")).text
    assert "INSERT INTO \"t\" VALUES('a');" in text
    assert text.endswith("COMMIT;\n")
