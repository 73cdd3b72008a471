"""The libSQL server as libSQL's own client for Python (written in Rust) finds it."""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.connection import open_database
from whatsapp_world.hrana.server import HranaServer, HranaSettings

Serve = Callable[..., AbstractAsyncContextManager[str]]

# A process of its own: the client keeps Python's lock while it waits for the server. Its release 0.1.11 binds
# large integers as floats, so these are in the text.
PROGRAM = """
import json, sys
import libsql

connection = libsql.connect(database=sys.argv[1], auth_token=sys.argv[2])
found = {}

def failing(sql):
    try:
        connection.execute(sql)
    except ValueError as error:
        return str(error)

connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v UNIQUE)")
connection.commit()

def echo(value):
    return connection.execute("SELECT ?", (value,)).fetchone()[0]

found["bound"] = [echo(value) for value in (7, 1.5, "\\u00f1", "", None)]
found["blob"] = [list(echo(value)) for value in (b"", b"\\x00\\xff")]
found["edges"] = connection.execute("SELECT 9223372036854775807, -9223372036854775807 - 1").fetchone()
found["rowid"] = connection.execute("INSERT INTO t (v) VALUES (?)", ("a",)).lastrowid
found["in_transaction"] = connection.in_transaction
connection.rollback()
found["after_rollback"] = connection.execute("SELECT count(*) FROM t").fetchone()[0]
connection.execute("INSERT INTO t (v) VALUES (?)", ("b",))
connection.commit()
found["duplicate"] = failing("INSERT INTO t (v) VALUES ('b')")
connection.rollback()
found["absent"] = failing("SELECT * FROM absent")
connection.rollback()
connection.executemany("INSERT INTO t (v) VALUES (?)", [("c",), ("d",)])
connection.commit()
connection.executescript("INSERT INTO t (v) VALUES ('e'); INSERT INTO t (v) VALUES ('f');")
cursor = connection.execute("SELECT id, v AS letter FROM t ORDER BY id")
found["columns"] = [column[0] for column in cursor.description]
found["rows"] = cursor.fetchall()
print(json.dumps(found))
"""


async def _run(url: str, token: str) -> tuple[int | None, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, url, token),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, output, errors


@pytest.fixture
def server(tmp_path: Path) -> HranaServer:
    open_database(tmp_path / "x.db")
    return HranaServer(HranaSettings(tmp_path / "x.db", token="s3cret"))


async def test_values_transactions_errors_and_scripts(serve: Serve, server: HranaServer) -> None:
    async with serve(build_app(server)) as url:
        status, output, errors = await _run(url, "s3cret")

    assert status == 0, errors.decode()
    found = json.loads(output)
    assert "UNIQUE constraint failed: t.v" in found.pop("duplicate")
    assert "no such table: absent" in found.pop("absent")
    assert found == {
        "bound": [7, 1.5, "ñ", "", None],
        "blob": [[], [0, 255]],
        "edges": [2**63 - 1, -(2**63)],
        "rowid": 1,
        "in_transaction": True,
        "after_rollback": 0,
        "columns": ["id", "letter"],
        "rows": [[1, "b"], [2, "c"], [3, "d"], [4, "e"], [5, "f"]],
    }


async def test_token_is_sent_as_the_server_wants_it(serve: Serve, server: HranaServer) -> None:
    async with serve(build_app(server)) as url:
        status, _, errors = await _run(url, "wrong")

    assert status == 1
    assert b"401" in errors
