"""`whatsapp_api_estado`: the Graph API as the scheduler's calls last found it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from libsql_client import Client
from whatsapp_database import rows, timestamps


@dataclass(frozen=True, slots=True)
class GraphStatus:
    """status is healthy, unhealthy or unknown (never called)."""

    status: str
    rate_limit_remaining: int | None
    rate_limit_reset_seconds: int | None
    last_successful_request: str | None
    last_error_code: int | None


async def read_status(client: Client) -> GraphStatus:
    """The stored status."""
    row = (await client.execute("SELECT * FROM whatsapp_api_estado WHERE id = 1"))[0]
    return GraphStatus(
        status=rows.text(row, "status"),
        rate_limit_remaining=rows.optional_integer(row, "rate_limit_remaining"),
        rate_limit_reset_seconds=rows.optional_integer(row, "rate_limit_reset_seconds"),
        last_successful_request=rows.optional_text(row, "last_successful_request"),
        last_error_code=rows.optional_integer(row, "last_error_code"),
    )


async def record_status(
    client: Client,
    now: datetime,
    *,
    status: str,
    rate_limit_remaining: int,
    rate_limit_reset_seconds: int,
    last_success: datetime | None,
    error_code: int | None,
    error_class: str | None,
) -> None:
    """Store the status; an absent success keeps the last one, an absent error clears it."""
    await client.execute(
        """UPDATE whatsapp_api_estado SET status = ?, rate_limit_remaining = ?, rate_limit_reset_seconds = ?,
            last_successful_request = coalesce(?, last_successful_request),
            last_error_code = ?, last_error_class = ?, updated_at = ?
        WHERE id = 1""",
        (
            status,
            rate_limit_remaining,
            rate_limit_reset_seconds,
            timestamps.to_text(last_success) if last_success else None,
            error_code,
            error_class,
            timestamps.to_text(now),
        ),
    )
