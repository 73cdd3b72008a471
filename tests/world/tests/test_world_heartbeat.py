"""The dead man's switch of the inbox: alarms when heartbeats stay away."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx
import pytest
from whatsapp_world.clock import Clock
from whatsapp_world.inbox.app import Inbox, build_app
from whatsapp_world.inbox.heartbeat import MAX_ALARMS, Alarm, DeadMansSwitch
from whatsapp_world.inbox.mail import SmtpSettings

Serve = Callable[..., AbstractAsyncContextManager[str]]
START = datetime(2025, 1, 23, 14, 30, tzinfo=UTC)


class MovableClock(Clock, Protocol):
    moment: datetime

    def advance(self, seconds: float) -> None: ...


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def switch(clock: MovableClock) -> DeadMansSwitch:
    return DeadMansSwitch(clock, 300)


def test_without_a_first_beat_nothing_is_raised(switch: DeadMansSwitch, clock: MovableClock) -> None:
    clock.advance(86_400)

    assert switch.alarms() == []


def test_beats_within_the_grace_raise_nothing(switch: DeadMansSwitch, clock: MovableClock) -> None:
    for _ in range(3):
        switch.beat()
        clock.advance(299.999)

    assert switch.alarms() == []


def test_a_silence_is_one_alarm_however_often_it_is_asked_for(
    switch: DeadMansSwitch, clock: MovableClock
) -> None:
    switch.beat()
    clock.advance(300)
    at_once = switch.alarms()
    clock.advance(5_000)

    assert at_once == switch.alarms() == [Alarm(after(300))]


def test_an_alarm_that_nobody_asked_for_has_the_moment_at_which_the_grace_was_over(
    switch: DeadMansSwitch, clock: MovableClock
) -> None:
    switch.beat()
    clock.advance(1_000)
    switch.beat()
    clock.advance(500)

    assert switch.alarms() == [Alarm(after(300), after(1_000)), Alarm(after(1_300))]


def test_the_newest_alarms_are_kept(switch: DeadMansSwitch, clock: MovableClock) -> None:
    for _ in range(MAX_ALARMS + 2):
        switch.beat()
        clock.advance(400)

    alarms = switch.alarms()
    assert len(alarms) == MAX_ALARMS
    assert alarms[0] == Alarm(after(2 * 400 + 300), after(3 * 400))
    assert alarms[-1] == Alarm(after((MAX_ALARMS + 1) * 400 + 300))


def test_a_shorter_grace_counts_from_the_last_beat(switch: DeadMansSwitch, clock: MovableClock) -> None:
    switch.beat()
    clock.advance(10)
    switch.change_grace(60)
    clock.advance(100)

    assert switch.alarms() == [Alarm(after(60))]


def test_a_shorter_grace_that_is_over_raises_the_alarm_now(
    switch: DeadMansSwitch, clock: MovableClock
) -> None:
    switch.beat()
    clock.advance(100)
    switch.change_grace(60)
    clock.advance(5)

    assert switch.alarms() == [Alarm(after(100))]


def test_a_longer_grace_holds_an_alarm_off_but_does_not_take_one_back(
    switch: DeadMansSwitch, clock: MovableClock
) -> None:
    switch.beat()
    switch.change_grace(1_000)
    clock.advance(999)
    held_off = switch.alarms()
    clock.advance(1)
    switch.change_grace(5_000)

    assert held_off == []
    assert switch.alarms() == [Alarm(after(1_000))]


def test_a_wall_clock_that_is_set_raises_nothing(switch: DeadMansSwitch, clock: MovableClock) -> None:
    switch.beat()
    clock.moment += timedelta(hours=2)
    clock.advance(299)

    assert switch.alarms() == []


def test_what_was_forgotten_raises_nothing(switch: DeadMansSwitch, clock: MovableClock) -> None:
    switch.beat()
    clock.advance(400)
    switch.clear()
    clock.advance(400)

    assert switch.alarms() == []


async def test_the_receiver_shows_alarms_and_takes_another_grace(
    serve: Serve, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    inbox = Inbox(clock, heartbeat_grace_seconds=120)
    async with serve(build_app(inbox, SmtpSettings(port=0), None)) as url:

        async def state() -> list[Any]:
            document = (await client.get(f"{url}/_lab/heartbeat")).json()
            return [document["grace_seconds"], document["alarms"]]

        await client.post(f"{url}/heartbeat", json={})
        clock.advance(150)
        raised = await state()
        await client.post(f"{url}/heartbeat", json={})
        ended = await state()
        changed = await client.post(f"{url}/_lab/heartbeat", json={"grace_seconds": 60})
        clock.advance(60)
        again = await state()
        await client.delete(f"{url}/_lab/messages")
        clock.advance(1_000)
        forgotten = await state()

    first: dict[str, Any] = {"raised_at": "2025-01-23T14:32:00.000Z", "ended_at": None}
    assert raised == [120, [first]]
    first["ended_at"] = "2025-01-23T14:32:30.000Z"
    assert ended == [120, [first]]
    assert (changed.status_code, changed.json()) == (200, {"grace_seconds": 60})
    assert again == [60, [first, {"raised_at": "2025-01-23T14:33:30.000Z", "ended_at": None}]]
    assert forgotten == [60, []]


@pytest.mark.parametrize(
    ("content", "status", "error"),
    [
        (b"nonsense", 400, "a JSON object is needed"),
        (b"{}", 400, "grace_seconds must be a number from 1 to 86400"),
        (b'{"grace_seconds": 0}', 400, "grace_seconds must be a number from 1 to 86400"),
        (b'{"grace_seconds": true}', 400, "grace_seconds must be a number from 1 to 86400"),
        (b'{"grace_seconds": "60"}', 400, "grace_seconds must be a number from 1 to 86400"),
        (b'{"grace_seconds": NaN}', 400, "grace_seconds must be a number from 1 to 86400"),
        (b'{"grace_seconds": 86401}', 400, "grace_seconds must be a number from 1 to 86400"),
        (b'{"grace_seconds": 60, "grace": 1}', 400, "unknown field 'grace'"),
        (b" " * (256 * 1024 + 1), 413, "too large"),
    ],
)
async def test_another_grace_is_checked(
    serve: Serve, client: httpx.AsyncClient, clock: MovableClock, content: bytes, status: int, error: str
) -> None:
    async with serve(build_app(Inbox(clock), SmtpSettings(port=0), None)) as url:
        answer = await client.post(f"{url}/_lab/heartbeat", content=content)
        grace = (await client.get(f"{url}/_lab/heartbeat")).json()["grace_seconds"]

    assert (answer.status_code, answer.json(), grace) == (status, {"error": error}, 300)
