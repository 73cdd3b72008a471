"""A whole service on 127.0.0.1: database, secrets, settings, API, schedulers, the Graph API's simulator."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from whatsapp_stack.commands import command, run
from whatsapp_stack.daemon import Daemon
from whatsapp_stack.fixture import Fixture, parse_fixture
from whatsapp_stack.ports import free_port

WEBHOOK_PATH: Final = "/api/notifications/webhook"
PHONE_NUMBER_ID: Final = "106540352242922"


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What a stack is made of.

    `service` are environment variables of the daemons (docs/settings.md), `graph` further arguments of
    `whatsapp-world graph`. With `libsql_server` the processes share nothing but the URL of a server, as on
    several hosts, instead of a file. Without `webhooks` the simulator sends no statuses.
    """

    api_workers: int = 1
    schedulers: int = 1
    service: Mapping[str, str] = field(default_factory=dict)
    graph: tuple[str, ...] = ()
    companies: int = 5
    contacts: int = 100
    """Contacts of each company; Meta lets one of them get a message every 6 seconds, after 45 at once."""
    libsql_server: bool = False
    webhooks: bool = True


@dataclass(frozen=True, slots=True)
class Stack:
    """The parts, none of them started; what was started ends with the `prepared` context."""

    folder: Path
    database_file: Path
    """The database itself, also where a server stands before it."""
    environ: Mapping[str, str]
    fixture: Fixture
    api_key: str
    app_secret: str
    access_token: str
    api_port: int
    graph_port: int
    api: Daemon
    graph: Daemon
    schedulers: tuple[Daemon, ...]
    scheduler_ports: tuple[int, ...]
    """Where the schedulers' metrics are, in the same order."""

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        """All parts but the libSQL server, which `prepared` starts itself."""
        return (self.graph, self.api, *self.schedulers)


@contextlib.asynccontextmanager
async def prepared(settings: StackSettings, folder: Path) -> AsyncIterator[Stack]:
    """Make the database with companies, contacts and templates; end every process at the exit.

    Raises StackError when a command fails.
    """
    database_file = folder / "notifications.db"
    if not settings.libsql_server:
        async with _prepared(settings, folder, database_file, f"file:{database_file}") as stack:
            yield stack
        return
    port = free_port()
    words = (command("whatsapp-world"), "hrana", "--port", str(port), "--db-file", str(database_file))
    server = Daemon("libsql", words, {"PATH": os.environ["PATH"]}, folder / "libsql.log")
    try:
        await server.start()
        async with _prepared(settings, folder, database_file, f"http://127.0.0.1:{port}") as stack:
            yield stack
    finally:
        server.kill()


@contextlib.asynccontextmanager
async def _prepared(
    settings: StackSettings, folder: Path, database_file: Path, database_url: str
) -> AsyncIterator[Stack]:
    words = {
        name: secrets.token_hex(16) for name in ("api_key", "app_secret", "verify_token", "access_token")
    }
    files = {name: folder / name for name in ("app_secret", "verify_token", "access_token", "api_keys")}
    digest = hashlib.sha256(words["api_key"].encode()).hexdigest()
    keys = [{"name": "stack", "scopes": ["operate", "read", "monitor"], "sha256": digest}]
    for name, path in files.items():
        path.write_text(words.get(name, json.dumps(keys)), encoding="utf-8")
    api_port, graph_port = free_port(), free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "TURSO_DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",  # nothing listens there: the cache is optional
        "WORKERS": str(settings.api_workers),
        "API_PORT": str(api_port),
        "KEEPALIVE_TIMEOUT": "75",  # as behind nginx; a connection closed while a request leaves is an error
        "WHATSAPP_API_URL": f"http://127.0.0.1:{graph_port}",
        "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "WHATSAPP_APP_SECRET_FILE": str(files["app_secret"]),
        "WHATSAPP_VERIFY_TOKEN_FILE": str(files["verify_token"]),
        "WHATSAPP_ACCESS_TOKEN_FILE": str(files["access_token"]),
        "API_KEYS_FILE": str(files["api_keys"]),
        "OPS_LANGUAGE": "en",
        **settings.service,
    }
    fixture = folder / "fixture.json"
    arguments = ("--companies", str(settings.companies), "--contacts", str(settings.contacts))
    fixture.write_bytes(await run(command("whatsapp-world"), "fixture", *arguments))
    await run(command("whatsapp-ops"), "migrate", environ=environ)
    await run(command("whatsapp-ops"), "import", str(fixture), environ=environ)

    def daemon(name: str, *words: str, **variables: str) -> Daemon:
        return Daemon(name, (command(words[0]), *words[1:]), {**environ, **variables}, folder / f"{name}.log")

    graph = [
        *("whatsapp-world", "graph", "--port", str(graph_port), "--token-file", str(files["access_token"])),
        *("--phone-number-id", PHONE_NUMBER_ID, "--templates-file", str(fixture), *settings.graph),
    ]
    if settings.webhooks:
        url = f"http://127.0.0.1:{api_port}{WEBHOOK_PATH}"
        graph += ["--webhook-url", url, "--app-secret-file", str(files["app_secret"])]
    scheduler_ports = tuple(free_port() for _ in range(settings.schedulers))
    stack = Stack(
        folder=folder,
        database_file=database_file,
        environ=environ,
        fixture=parse_fixture(fixture.read_bytes()),
        api_key=words["api_key"],
        app_secret=words["app_secret"],
        access_token=words["access_token"],
        api_port=api_port,
        graph_port=graph_port,
        api=daemon("api", "whatsapp-api", PROMETHEUS_MULTIPROC_DIR=str(folder / "api-metrics")),
        graph=daemon("graph", *graph),
        scheduler_ports=scheduler_ports,
        schedulers=tuple(
            daemon(
                "scheduler" if settings.schedulers == 1 else f"scheduler{number}",
                "whatsapp-scheduler",
                SCHEDULER_METRICS_PORT=str(port),
            )
            for number, port in enumerate(scheduler_ports, 1)
        ),
    )
    try:
        yield stack
    finally:
        for part in stack.daemons:
            part.kill()
