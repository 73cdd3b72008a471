"""The stored form of moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from libsql_client import Client
from whatsapp_database import rows, timestamps


def test_round_trip_is_utc_with_milliseconds() -> None:
    lima = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=timezone(timedelta(hours=-5)))
    assert timestamps.to_text(lima) == "2026-01-02T08:04:05.678Z"
    assert timestamps.from_text("2026-01-02T08:04:05.678Z") == datetime(
        2026, 1, 2, 8, 4, 5, 678000, tzinfo=UTC
    )


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        timestamps.from_text("2026-01-02T08:04:05")
    with pytest.raises(ValueError, match="time zone"):
        timestamps.to_text(datetime(2026, 1, 2))  # noqa: DTZ001 - the naive value is what is tested


async def test_database_defaults_have_the_same_form(migrated: Client) -> None:
    row = (await migrated.execute("SELECT created_at, telefono, id FROM whatsapp_contactos"))[0]
    text = rows.text(row, "created_at")
    assert timestamps.to_text(timestamps.from_text(text)) == text
    assert rows.integer(row, "id") == 1
    with pytest.raises(TypeError, match="column telefono holds str"):
        rows.integer(row, "telefono")
