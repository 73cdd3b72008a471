"""Company hours: openings across days, nights and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from whatsapp_service.hours import BusinessHours

LIMA = ZoneInfo("America/Lima")  # UTC-5, no summer time
MADRID = ZoneInfo("Europe/Madrid")
WEEKDAYS = frozenset({1, 2, 3, 4, 5})


def _hours(
    zone: ZoneInfo = LIMA, start: str = "08:00", end: str = "18:00", days: frozenset[int] = WEEKDAYS
) -> BusinessHours:
    return BusinessHours(zone, time.fromisoformat(start), time.fromisoformat(end), days)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-01-02T13:00:00", "2026-01-02T13:00:00"),  # Friday 08:00, the first moment inside
        ("2026-01-02T12:59:59", "2026-01-02T13:00:00"),
        ("2026-01-02T23:00:00", "2026-01-05T13:00:00"),  # Friday 18:00 is closed, Monday is next
        ("2026-01-04T15:00:00", "2026-01-05T13:00:00"),
    ],
)
def test_day_hours(moment: str, opening: str) -> None:
    found = _hours().next_opening(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(opening).replace(tzinfo=UTC)


def test_night_hours_belong_to_the_day_of_their_start() -> None:
    night = _hours(start="22:00", end="06:00", days=frozenset({5}))
    inside = datetime(2026, 1, 3, 10, 0, tzinfo=UTC)  # Saturday 05:00 in Lima
    assert night.next_opening(inside) == inside
    assert night.next_opening(datetime(2026, 1, 3, 11, 0, tzinfo=UTC)) == datetime(
        2026, 1, 10, 3, 0, tzinfo=UTC
    )


def test_equal_times_are_the_whole_day() -> None:
    inside = datetime(2026, 1, 3, 4, 59, tzinfo=UTC)  # Friday 23:59 in Lima
    assert _hours(start="00:00", end="00:00").next_opening(inside) == inside


def test_clock_change_moves_the_opening() -> None:
    madrid = _hours(MADRID, start="09:00", days=frozenset(range(1, 8)))
    before = madrid.next_opening(datetime(2026, 3, 28, 5, 0, tzinfo=UTC))
    after = madrid.next_opening(datetime(2026, 3, 29, 5, 0, tzinfo=UTC))
    assert before == datetime(2026, 3, 28, 8, 0, tzinfo=UTC)
    assert after == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)


def test_without_days_there_is_no_opening() -> None:
    assert _hours(days=frozenset()).next_opening(datetime(2026, 1, 2, tzinfo=UTC)) is None
