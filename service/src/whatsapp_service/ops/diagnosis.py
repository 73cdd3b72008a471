"""The complete diagnosis (manual: "Script de Diagnóstico Completo") and its severity.

``/health`` is asked over HTTP; the counts come from the database itself, so that they are there when the API
is not.
"""

import os
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from libsql_client import Client
from whatsapp_database import rows
from whatsapp_database.timestamps import to_text

from whatsapp_service.figures import read_figures
from whatsapp_service.graph.redaction import redact
from whatsapp_service.ops.disk_usage import DiskUsage, disk_usage
from whatsapp_service.ops.host_status import PROC, Memory, Process, find_processes, read_memory
from whatsapp_service.ops.texts import Texts
from whatsapp_service.pauses import Pause, Scope, active_pauses
from whatsapp_service.scheduler.state import read_state

RECENT_ERRORS = 5

_HEALTH_TIMEOUT_SECONDS = 10.0

_ERRORS = """
SELECT created_at, codigo_error, ultimo_error FROM whatsapp_notificaciones
WHERE estado = 'ERROR' AND updated_at >= ? ORDER BY id DESC LIMIT ?
"""


class Severity(StrEnum):
    """The manual's severities."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of ``/health``: its `status` and `components`, or why there is none (`problem`)."""

    status: str | None
    document: dict[str, object]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RecentError:
    """A notification that failed."""

    created_at: str
    code: int | None
    message: str


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """What the database says: `due` and `scheduled` pending ones, failures, today's rates, schedulers, and
    what is paused."""

    due: int
    scheduled: int
    recent_errors: tuple[RecentError, ...]
    total_today: int
    error_rate_percentage: float
    success_rate_percentage: float
    scheduler_running: bool
    last_execution: str | None
    next_execution: str | None
    pauses: tuple[Pause, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The eight sections and the severity; `database` is None when it cannot be read (`database_problem`)."""

    taken_at: datetime
    severity: Severity
    reasons: tuple[str, ...]
    health: Health
    database: DatabaseStatus | None
    database_problem: str | None
    disks: tuple[DiskUsage, ...]
    memory: Memory
    processes: tuple[Process, ...]


def read_health(api_url: str, *, tls: ssl.SSLContext) -> Health:
    """Ask the API how it is; no answer is an answer too."""
    try:
        with httpx.Client(verify=tls, timeout=_HEALTH_TIMEOUT_SECONDS) as client:
            response = client.get(f"{api_url.rstrip('/')}/health")
        document = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Health(None, {}, type(error).__name__)
    status = document.get("status") if isinstance(document, dict) else None
    if not isinstance(status, str):
        return Health(None, {}, f"HTTP {response.status_code}")
    return Health(status, document)


async def read_database_status(client: Client, *, now: datetime, zone: ZoneInfo) -> DatabaseStatus:
    """Read the counts; nothing here reads a whole table.

    Raises:
        DatabaseError: the database cannot be used.
    """
    figures = await read_figures(client, now=now, operators_zone=zone)
    scheduler = await read_state(client, now)
    errors = await client.execute(_ERRORS, (to_text(now - timedelta(hours=24)), RECENT_ERRORS))
    return DatabaseStatus(
        due=figures.due,
        scheduled=figures.scheduled,
        recent_errors=tuple(
            RecentError(
                created_at=rows.text(row, "created_at"),
                code=rows.optional_integer(row, "codigo_error"),
                message=redact(rows.optional_text(row, "ultimo_error") or ""),
            )
            for row in errors.rows
        ),
        total_today=figures.total,
        error_rate_percentage=round(100 * figures.error_ratio, 2),
        success_rate_percentage=round(100 - 100 * figures.error_ratio, 2),
        scheduler_running=scheduler.running,
        last_execution=scheduler.last_execution,
        next_execution=scheduler.next_execution,
        pauses=tuple(await active_pauses(client, now)),
    )


def diagnose(
    health: Health,
    database: DatabaseStatus | None,
    database_problem: str | None,
    *,
    directories: list[Path],
    now: datetime,
    texts: Texts,
    proc: Path = PROC,
) -> Diagnosis:
    """Put the sections together and judge them.

    Raises:
        OSError: ``/proc`` cannot be read.
    """
    disks = tuple(disk_usage(directories))
    severity, reasons = _judge(health, database, disks, texts)
    return Diagnosis(
        taken_at=now,
        severity=severity,
        reasons=reasons,
        health=health,
        database=database,
        database_problem=database_problem,
        disks=disks,
        memory=read_memory(proc),
        processes=tuple(find_processes("whatsapp", proc, besides=os.getpid())),
    )


def _judge(
    health: Health, database: DatabaseStatus | None, disks: tuple[DiskUsage, ...], texts: Texts
) -> tuple[Severity, tuple[str, ...]]:
    """The manual's limits (pending 50 and 100, error rate 5 and 10 %).

    Its script says INFO when nothing answers; here a system that is down is critical, a degraded one a
    warning.
    """
    found: list[tuple[Severity, str]] = []
    if health.status is None:
        found.append((Severity.CRITICAL, texts("health_unreachable", detail=health.problem)))
    elif health.status != "healthy":
        level = Severity.CRITICAL if health.status == "down" else Severity.WARNING
        found.append((level, texts("health_is", status=health.status)))
    if database is None:
        found.append((Severity.CRITICAL, texts("severity_database")))
    else:
        if database.due > 50:
            level = Severity.CRITICAL if database.due > 100 else Severity.WARNING
            found.append((level, texts("severity_pending", count=database.due)))
        rate = database.error_rate_percentage
        if rate > 5:
            level = Severity.CRITICAL if rate > 10 else Severity.WARNING
            found.append((level, texts("severity_error_rate", percent=rate)))
        if not database.scheduler_running:
            found.append((Severity.WARNING, texts("severity_scheduler")))
        if any(pause.scope is Scope.EVERYTHING for pause in database.pauses):
            found.append((Severity.WARNING, texts("severity_paused")))
    found.extend(
        (Severity.WARNING, texts("disk_nearly_full", percent=round(disk.used_percent), path=disk.path))
        for disk in disks
        if disk.nearly_full
    )
    order = list(Severity)
    worst = max((level for level, _ in found), key=order.index, default=Severity.INFO)
    return worst, tuple(reason for _, reason in found)
