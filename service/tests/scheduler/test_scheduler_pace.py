"""The pace that all schedulers share."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest
from libsql_client import Client
from whatsapp_service.scheduler import pace
from whatsapp_service.scheduler.send_window import SendWindow

from .bench import NOW

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("per_minute", "per_second", "interval"), [(1000, 80, 0.06), (4800, 80, 0.0125), (60_000, 80, 0.0125)]
)
def test_neither_limit_is_passed(per_minute: int, per_second: int, interval: float) -> None:
    assert pace.interval_seconds(per_minute, per_second) == pytest.approx(interval)


async def test_slots_of_several_schedulers_never_coincide(database: Client) -> None:
    taken = await asyncio.gather(
        *(pace.take_slots(database, 10, interval=0.5, now=NOW, patience=60 * SECOND) for _ in range(4))
    )
    moments = sorted(slots.moment(index) for slots in taken if slots for index in range(10))
    assert len(moments) == 40
    assert moments[0] == NOW.timestamp()
    assert {round(later - earlier, 6) for earlier, later in itertools.pairwise(moments)} == {0.5}


async def test_idle_time_is_not_saved_up_and_a_long_queue_is_refused(database: Client) -> None:
    async def first(now_offset: int) -> float | None:
        slots = await pace.take_slots(
            database, 10, interval=1, now=NOW + now_offset * SECOND, patience=30 * SECOND
        )
        return None if slots is None else slots.first - NOW.timestamp()

    assert [await first(offset) for offset in (0, 100, 100, 100, 100, 100, 115)] == [
        0,
        100,
        110,
        120,
        130,
        None,
        140,
    ]


async def test_a_clock_that_was_wrong_stops_nothing(database: Client) -> None:
    later = NOW + timedelta(days=400)
    await pace.take_slots(database, 1, interval=1, now=later, patience=SECOND)
    await pace.hold_recipient(database, "+51987654321", later)
    slots = await pace.take_slots(database, 1, interval=1, now=NOW, patience=SECOND)
    assert slots == pace.Slots(NOW.timestamp(), 1)
    await pace.forget_recipients(database, NOW)
    assert (await database.execute("SELECT 1 FROM whatsapp_ritmo_destinatarios")).rows == []


async def test_recipients_are_forgotten_when_their_time_has_passed(database: Client) -> None:
    await pace.hold_recipient(database, "+51987654321", NOW)
    held = pace.RECIPIENT_TOLERANCE * SECOND
    for now, left in ((NOW + held - SECOND, 1), (NOW + held, 0)):
        await pace.forget_recipients(database, now)
        counted = await database.execute("SELECT count(*) FROM whatsapp_ritmo_destinatarios")
        assert counted[0][0] == left


def test_window_counts_a_minute() -> None:
    window = SendWindow()
    for second in (0, 10, 30):
        window.add(NOW + second * SECOND)
    assert (window.count(NOW + 59 * SECOND), window.reset_seconds(NOW + 59 * SECOND)) == (3, 1)
    assert (window.count(NOW + 60 * SECOND), window.reset_seconds(NOW + 60 * SECOND)) == (2, 10)
    assert (window.count(NOW + 200 * SECOND), window.reset_seconds(NOW + 200 * SECOND)) == (0, 0)
