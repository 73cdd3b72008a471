"""What the schedulers tell of themselves (`scheduler_instances`), how they are woken (`scheduler_state`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from libsql_client import Client, Row
from whatsapp_database import rows, timestamps

HEARTBEAT_SECONDS: Final = 5.0
STALE_AFTER: Final = timedelta(seconds=20)
"""A scheduler whose heartbeat is older is stopped."""
_FORGOTTEN_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InstanceReport:
    """What one scheduler tells at every heartbeat.

    `sends_last_minute` counts its sends of the last 60 seconds, the oldest of which leaves that window in
    `oldest_send_seconds`; `graph_status` is healthy, unhealthy or unknown (not called yet).
    """

    active_jobs: int
    sends_last_minute: int
    oldest_send_seconds: int
    graph_status: str
    last_successful_request: datetime | None
    last_error_code: int | None
    last_error_class: str | None


@dataclass(frozen=True, slots=True)
class SchedulerState:
    """All schedulers together; `instances` have a fresh heartbeat."""

    instances: int
    active_jobs: int
    last_execution: str | None
    next_execution: str | None
    heartbeat: str | None

    @property
    def running(self) -> bool:
        """Whether at least one scheduler lives."""
        return self.instances > 0


async def read_state(client: Client, now: datetime) -> SchedulerState:
    """The schedulers as their rows tell."""
    found = await client.execute("SELECT * FROM scheduler_instances")
    alive = [row for row in found if is_alive(row, now)]
    upcoming = [text for row in alive if (text := rows.optional_text(row, "next_execution"))]
    return SchedulerState(
        instances=len(alive),
        active_jobs=sum(rows.integer(row, "active_jobs") for row in alive),
        last_execution=_latest(found.rows, "last_execution"),
        next_execution=min(upcoming, default=None),
        heartbeat=_latest(found.rows, "heartbeat"),
    )


def is_alive(row: Row, now: datetime) -> bool:
    """Whether the scheduler of this row had a heartbeat of late."""
    heartbeat = rows.optional_text(row, "heartbeat")
    return heartbeat is not None and now - timestamps.from_text(heartbeat) <= STALE_AFTER


async def beat(client: Client, instance: str, now: datetime, report: InstanceReport) -> None:
    """Tell that this scheduler lives, and what it does and finds."""
    success = report.last_successful_request
    await client.execute(
        """INSERT INTO scheduler_instances (instancia, heartbeat, active_jobs, enviados_minuto,
            oldest_send_seconds, graph_status, last_successful_request, last_error_code, last_error_class,
            updated_at)
        VALUES (:instance, :now, :active_jobs, :sends, :oldest, :status, :success, :code, :class, :now)
        ON CONFLICT (instancia) DO UPDATE SET heartbeat = :now, active_jobs = :active_jobs,
            enviados_minuto = :sends, oldest_send_seconds = :oldest, graph_status = :status,
            last_successful_request = coalesce(:success, last_successful_request), last_error_code = :code,
            last_error_class = :class, updated_at = :now""",
        {
            "instance": instance,
            "now": timestamps.to_text(now),
            "active_jobs": report.active_jobs,
            "sends": report.sends_last_minute,
            "oldest": report.oldest_send_seconds,
            "status": report.graph_status,
            "success": None if success is None else timestamps.to_text(success),
            "code": report.last_error_code,
            "class": report.last_error_class,
        },
    )


async def record_execution(client: Client, instance: str, now: datetime, following: datetime) -> None:
    """Tell that a round of this scheduler ended now and when its next begins."""
    await client.execute(
        """INSERT INTO scheduler_instances (instancia, heartbeat, last_execution, next_execution, updated_at)
        VALUES (:instance, :now, :now, :following, :now)
        ON CONFLICT (instancia) DO UPDATE SET
            heartbeat = :now, last_execution = :now, next_execution = :following, updated_at = :now""",
        {
            "instance": instance,
            "now": timestamps.to_text(now),
            "following": timestamps.to_text(following),
        },
    )


async def record_stop(client: Client, instance: str) -> None:
    """Tell that this scheduler ended on purpose."""
    await client.execute(
        """UPDATE scheduler_instances SET heartbeat = NULL, active_jobs = 0, next_execution = NULL,
            enviados_minuto = 0, graph_status = 'unknown' WHERE instancia = ?""",
        (instance,),
    )


async def forget_old(client: Client, now: datetime) -> None:
    """Delete the rows of schedulers that ended long ago."""
    await client.execute(
        "DELETE FROM scheduler_instances WHERE updated_at < ?",
        (timestamps.to_text(now - _FORGOTTEN_AFTER),),
    )


async def request_wake(client: Client, now: datetime) -> None:
    """Ask for a round at once."""
    await client.execute(
        "UPDATE scheduler_state SET wake_requested_at = ? WHERE id = 1", (timestamps.to_text(now),)
    )


async def wake_requested(client: Client) -> bool:
    """Whether somebody asked for a round; one row by its key, cheap enough for every second."""
    result = await client.execute(
        "SELECT 1 FROM scheduler_state WHERE id = 1 AND wake_requested_at IS NOT NULL"
    )
    return len(result) > 0


async def clear_wake(client: Client) -> None:
    """Forget the request, before the round that serves it."""
    await client.execute(
        "UPDATE scheduler_state SET wake_requested_at = NULL WHERE id = 1 AND wake_requested_at IS NOT NULL"
    )


def _latest(found: list[Row], column: str) -> str | None:
    return max((text for row in found if (text := rows.optional_text(row, column))), default=None)
