"""`scheduler_state`: what the scheduler tells about itself, and how it is woken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from libsql_client import Client
from whatsapp_database import rows, timestamps

HEARTBEAT_SECONDS: Final = 5.0
STALE_AFTER: Final = timedelta(seconds=20)
"""A scheduler whose heartbeat is older is stopped."""


@dataclass(frozen=True, slots=True)
class SchedulerState:
    """The stored row; `running` means that the heartbeat is fresh."""

    running: bool
    active_jobs: int
    last_execution: str | None
    next_execution: str | None
    heartbeat: str | None


async def read_state(client: Client, now: datetime) -> SchedulerState:
    """The scheduler as its row tells."""
    row = (await client.execute("SELECT * FROM scheduler_state WHERE id = 1"))[0]
    heartbeat = rows.optional_text(row, "heartbeat")
    return SchedulerState(
        running=heartbeat is not None and now - timestamps.from_text(heartbeat) <= STALE_AFTER,
        active_jobs=rows.integer(row, "active_jobs"),
        last_execution=rows.optional_text(row, "last_execution"),
        next_execution=rows.optional_text(row, "next_execution"),
        heartbeat=heartbeat,
    )


async def beat(client: Client, now: datetime, active_jobs: int) -> None:
    """Tell that the scheduler lives and how many sends are under way."""
    await client.execute(
        "UPDATE scheduler_state SET heartbeat = ?, active_jobs = ? WHERE id = 1",
        (timestamps.to_text(now), active_jobs),
    )


async def record_execution(client: Client, now: datetime, following: datetime) -> None:
    """Tell that a round ended now and when the next begins."""
    await client.execute(
        "UPDATE scheduler_state SET last_execution = ?, next_execution = ?, heartbeat = ? WHERE id = 1",
        (timestamps.to_text(now), timestamps.to_text(following), timestamps.to_text(now)),
    )


async def record_stop(client: Client) -> None:
    """Tell that the scheduler ended on purpose."""
    await client.execute("UPDATE scheduler_state SET heartbeat = NULL, active_jobs = 0 WHERE id = 1")


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
