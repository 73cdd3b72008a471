"""A migrated database, the settings around it, and the command line as an operator calls it."""

import io
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from whatsapp_service.ops.__main__ import run_command_line

NOW = datetime(2025, 1, 23, 8, 0, 0, tzinfo=UTC)  # 03:00 in Lima


@dataclass
class Result:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        document = orjson.loads(self.out)
        assert isinstance(document, dict)
        return document


@dataclass
class Installation:
    """Directories, settings and database of one service."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.root / "data" / "notifications.db"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def textfiles(self) -> Path:
        return self.root / "textfiles"

    def run(self, *arguments: str, now: datetime = NOW) -> Result:
        out, err = io.StringIO(), io.StringIO()
        with _root_logging_kept():
            code = run_command_line(arguments, environ=self.environ, out=out, err=err, now=lambda: now)
        return Result(code, out.getvalue(), err.getvalue())

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.database)
        try:
            found = connection.execute(sql, values).fetchall()
            connection.commit()
        finally:
            connection.close()
        return found

    def dump(self) -> list[str]:
        connection = sqlite3.connect(self.database)
        try:
            return [line for line in connection.iterdump() if "system_maintenance_log" not in line]
        finally:
            connection.close()

    def metrics(self, job: str) -> dict[str, float]:
        text = (self.textfiles / f"whatsapp_{job}.prom").read_text(encoding="utf-8")
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def maintenance(self) -> list[tuple[object, ...]]:
        return self.query("SELECT operation, result FROM system_maintenance_log ORDER BY id")


@pytest.fixture
def installation(tmp_path: Path, migrated_file: Path) -> Installation:
    made = Installation(tmp_path)
    for directory in (made.database.parent, made.logs, made.textfiles):
        directory.mkdir()
    made.environ.update(
        TURSO_DATABASE_URL=f"file:{made.database}",
        BACKUP_DIR=str(made.backups),
        LOG_DIR=str(made.logs),
        TEXTFILE_DIR=str(made.textfiles),
        OPS_LANGUAGE="es",
        OPS_TIMEZONE="America/Lima",
    )
    shutil.copyfile(migrated_file, made.database)
    return made


@pytest.fixture
def filled(installation: Installation) -> Installation:
    """An installation with a company, a contact, a template and a few notifications in every state."""
    installation.query(
        "INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre) "
        "VALUES (1, 'Constructora Uno')"
    )
    installation.query(
        "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono) "
        "VALUES (1, 1, 'Ana', '+51987654321')"
    )
    installation.query(
        "INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo) "
        "VALUES (1, 'RECIBIDA', 'r', 'x')"
    )
    for state in ("PENDIENTE", "ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "CANCELADA", "DESCONOCIDA"):
        add_notification(installation, state)
    return installation


def add_notification(
    installation: Installation, state: str, *, created_at: str = "2025-01-23T07:00:00.000Z"
) -> None:
    """Add one notification; its day is that of `created_at`."""
    installation.query(
        "INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento, estado, "
        "created_at, updated_at, programada_para, fecha_metrica) VALUES (1, 1, 1, 'RECIBIDA', ?, ?, ?, ?, ?)",
        state,
        created_at,
        created_at,
        created_at,
        created_at[:10],
    )


@pytest.fixture
def add() -> Callable[..., None]:
    return add_notification


@dataclass
class Received:
    """One request that the sink got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Sink:
    """A real HTTP server that keeps what it gets and answers `status` with `answer`."""

    url: str = ""
    status: int = 200
    answer: str = "ok"
    respond: Callable[[Received], tuple[int, str]] | None = None
    received: list[Received] = field(default_factory=list)


@pytest.fixture
def sink() -> Iterator[Sink]:
    kept = Sink()

    async def take(request: Request) -> PlainTextResponse:
        got = Received(
            request.method,
            request.url.path,
            dict(request.query_params),
            dict(request.headers),
            await request.body(),
        )
        kept.received.append(got)
        status, answer = kept.respond(got) if kept.respond else (kept.status, kept.answer)
        return PlainTextResponse(answer, status)

    @asynccontextmanager
    async def started(_app: Starlette) -> AsyncIterator[None]:
        ready.set()
        yield

    ready = threading.Event()
    app = Starlette(routes=[Route("/{path:path}", take, methods=["GET", "POST"])], lifespan=started)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none")
    server = uvicorn.Server(config)
    bound = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        assert ready.wait(10)
        kept.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        yield kept
    finally:
        server.should_exit = True
        thread.join(10)
        bound.close()


@contextmanager
def _root_logging_kept() -> Iterator[None]:
    """The command sets the process's logging up; the next test must find it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers, root.level = handlers, level


class BackgroundWriter:
    """A thread that writes pairs of rows, each pair in one transaction, until it is stopped."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.pairs = 0
        self.slowest = 0.0

    def __enter__(self) -> "BackgroundWriter":
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _write(self) -> None:
        connection = sqlite3.connect(self._database, isolation_level=None, timeout=30)
        try:
            while not self._stop.is_set():
                started = time.monotonic()
                connection.execute("BEGIN IMMEDIATE")
                for _ in range(2):
                    connection.execute(
                        "INSERT INTO whatsapp_historial_notificaciones "
                        "(notificacion_id, estado_nuevo, detalle) VALUES (?, 'ENVIADA', ?)",
                        (self.pairs, "x" * 500),
                    )
                connection.execute("COMMIT")
                self.slowest = max(self.slowest, time.monotonic() - started)
                self.pairs += 1
        finally:
            connection.close()


@pytest.fixture
def background_writer(installation: Installation) -> BackgroundWriter:
    return BackgroundWriter(installation.database)
