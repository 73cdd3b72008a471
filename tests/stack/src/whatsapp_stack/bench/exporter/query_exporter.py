"""PyPI's query-exporter before the same database, configured as its documentation shows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.progress import tell
from whatsapp_stack.commands import run
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_connection import HOST
from whatsapp_stack.ports import free_port
from whatsapp_stack.procfs import group_usage
from whatsapp_stack.watchdog import watchdog

VERSION: Final = "5.0.2"
"""The newest for Python 3.11; with what it runs on, so that a figure can be had again."""
_REQUIREMENTS: Final = (
    f"query-exporter=={VERSION}",
    *("aiohttp==3.14.5", "prometheus-aioexporter==3.2.0", "prometheus-client==0.26.0", "sqlalchemy==2.1.9"),
)
_START_SECONDS: Final = 30.0

PER_COMPANY: Final[Mapping[str, tuple[str, ...]]] = {
    "company": ("empresa_id",),
    "company and state": ("empresa_id", "estado"),
}
"""What notifications are counted by for each company: the least that can be asked, which SQLite reads off an
index, and what the exporter tells, which it does not."""
_METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    "pending": (),
    "notifications": ("estado",),
    "oldest_pending_seconds": (),
}
_QUERIES: Final = {
    "pending": """SELECT count(*) AS pending FROM whatsapp_notificaciones
        WHERE estado = 'PENDIENTE' AND programada_para <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')""",
    "notifications": "SELECT estado, count(*) AS notifications FROM whatsapp_notificaciones GROUP BY estado",
    "oldest_pending_seconds": """SELECT
        coalesce((julianday('now') - julianday(min(programada_para))) * 86400, 0) AS oldest_pending_seconds
        FROM whatsapp_notificaciones
        WHERE estado = 'PENDIENTE' AND programada_para <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')""",
}


@dataclass(frozen=True, slots=True)
class QueryExporter:
    """It runs and listens; `cpu_seconds` is what it has used until now."""

    port: int
    cpu_seconds: Callable[[], float]


async def installed(tools: Path) -> Path:
    """Return its command in a virtual environment of its own below `tools`, installed unless it is there.

    Raises StackError, as without a way to the package index.
    """
    environment = tools / f"query-exporter-{VERSION}"
    command, done = environment / "bin" / "query-exporter", environment / "requirements.json"
    if done.exists() and json.loads(done.read_text()) == list(_REQUIREMENTS):
        return command
    tell(f"installing query-exporter {VERSION} into an environment of its own")
    uv = os.environ.get("UV", "uv")
    try:
        await run(uv, "venv", "--quiet", "--clear", str(environment))
        python = environment / "bin" / "python"
        await run(uv, "pip", "install", "--quiet", "--python", str(python), *_REQUIREMENTS)
    except FileNotFoundError as error:
        raise StackError("uv is missing: start this through scripts/bench") from error
    done.write_text(json.dumps(_REQUIREMENTS), encoding="utf-8")
    return command


@contextlib.asynccontextmanager
async def query_exporter(
    command: Path, folder: Path, database: Path, per_company: Sequence[str]
) -> AsyncIterator[QueryExporter]:
    """Run it before a database; its queries have no interval, so each scrape runs them.

    `per_company` are the columns that its query of companies groups by.
    """
    port, config = free_port(), folder / "query-exporter.yml"
    config.write_text(json.dumps(_configuration(database, per_company)), encoding="utf-8")
    with (folder / "query-exporter.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - returns once it is forked
            [command, "--host", HOST, "--port", str(port), "--config", config],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    watchdog().watch(process.pid)
    try:
        await _listening(process, port, folder / "query-exporter.log")
        yield QueryExporter(port, lambda: group_usage(process.pid).cpu_seconds)
    finally:
        process.kill()
        process.wait()
        watchdog().forget(process.pid)


def _configuration(database: Path, per_company: Sequence[str]) -> dict[str, object]:
    columns = ", ".join(per_company)
    companies = f"""SELECT {columns}, count(*) AS company_notifications
        FROM whatsapp_notificaciones GROUP BY {columns}"""  # noqa: S608 - constant names
    metrics = {**_METRICS, "company_notifications": tuple(per_company)}
    return {
        "databases": {"notifications": {"dsn": f"sqlite:///{database}"}},
        "metrics": {
            name: {"type": "gauge", **({"labels": labels} if labels else {})}
            for name, labels in metrics.items()
        },
        "queries": {
            name: {"databases": ["notifications"], "metrics": [name], "sql": sql}
            for name, sql in {**_QUERIES, "company_notifications": companies}.items()
        },
    }


async def _listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > ends:
            raise StackError(f"query-exporter does not listen:{_last_lines(log)}")
        await asyncio.sleep(0.1)


def _last_lines(log: Path) -> str:
    return "".join(f"\n  {line}" for line in log.read_text(errors="replace").splitlines()[-5:])
