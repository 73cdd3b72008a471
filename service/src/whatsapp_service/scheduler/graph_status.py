"""The Graph API as the calls of all live schedulers last found it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from libsql_client import Client
from whatsapp_database import rows

from whatsapp_service.scheduler.state import is_alive


@dataclass(frozen=True, slots=True)
class GraphStatus:
    """status is unhealthy when one scheduler finds it so, healthy when one does, else unknown.

    `sends_last_minute` counts the sends of the last 60 seconds; the first of them leaves that window in
    `reset_seconds`.
    """

    status: str
    sends_last_minute: int
    reset_seconds: int
    last_successful_request: str | None
    last_error_code: int | None
    last_error_class: str | None


async def read_status(client: Client, now: datetime) -> GraphStatus:
    """The status now; the last success is remembered when no scheduler lives."""
    found = (await client.execute("SELECT * FROM scheduler_instances")).rows
    alive = [row for row in found if is_alive(row, now)]
    statuses = {rows.text(row, "graph_status") for row in alive}
    failing = [row for row in alive if rows.optional_text(row, "last_error_class") is not None]
    sending = [row for row in alive if rows.integer(row, "enviados_minuto")]
    return GraphStatus(
        status=next((name for name in ("unhealthy", "healthy") if name in statuses), "unknown"),
        sends_last_minute=sum(rows.integer(row, "enviados_minuto") for row in sending),
        reset_seconds=min((rows.integer(row, "oldest_send_seconds") for row in sending), default=0),
        last_successful_request=max(
            (text for row in found if (text := rows.optional_text(row, "last_successful_request"))),
            default=None,
        ),
        last_error_code=rows.optional_integer(failing[0], "last_error_code") if failing else None,
        last_error_class=rows.optional_text(failing[0], "last_error_class") if failing else None,
    )
