"""The maintenance of a database on a libSQL server, which does not take every statement."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from whatsapp_database import packaged_migrations
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.connection import open_database as make_file
from whatsapp_world.hrana.server import HranaServer, HranaSettings

from .conftest import Installation


@pytest.fixture
def served(installation: Installation, tmp_path: Path) -> Iterator[Installation]:
    """The installation with its database on a server; `database` is the server's file."""
    file = tmp_path / "served.db"
    make_file(file)
    app = build_app(HranaServer(HranaSettings(file)))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        installation.environ["TURSO_DATABASE_URL"] = f"http://127.0.0.1:{bound.getsockname()[1]}"
        try:
            yield installation
        finally:
            server.should_exit = True
            thread.join(15)


def test_both_jobs_do_what_the_server_lets_them(served: Installation, tmp_path: Path) -> None:
    for command in ("migrate", "cleanup", "reindex"):
        result = served.run(command)
        assert result.code == 0, result.err

    with contextlib.closing(sqlite3.connect(tmp_path / "served.db")) as connection:
        log = connection.execute(
            "SELECT operation, result FROM system_maintenance_log ORDER BY id"
        ).fetchall()
        [(rows,)] = connection.execute("SELECT filas FROM whatsapp_tablas WHERE tabla = 'schema_migrations'")
    assert log == [("DATA_CLEANUP", "ok"), ("INTEGRITY_CHECK", "ok"), ("REINDEX", "ok")]
    assert rows == len(packaged_migrations())
