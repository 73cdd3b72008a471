"""One round of killing: notifications go their way while every process dies again and again."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from whatsapp_stack import database_file
from whatsapp_stack.daemon import Daemon
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_client import HttpClient, LostAnswerError
from whatsapp_stack.kill_checks import RoundResult, violations
from whatsapp_stack.notification_requests import create_request
from whatsapp_stack.simulator import accepted_messages, simulator_state
from whatsapp_stack.stack import Stack, StackSettings, prepared
from whatsapp_stack.webhook_requests import MessageStatus, webhook_body, webhook_request

FINAL: Final = frozenset({"ENTREGADA", "LEIDA", "ERROR", "CANCELADA", "DESCONOCIDA"})
"""States in which nothing happens any more; the simulator delivers everything, so ENVIADA is none of them."""
_CLIENTS: Final = 8
_OWN_EVENT_SECONDS: Final = 0.04
_OWN_PREFIX: Final = "wamid.own"
"""Of the ids of messages that only our own webhooks speak of."""
_POLL_SECONDS: Final = 0.02
_LONGEST_DOWN_SECONDS: Final = 0.3
_ASKED_AGAIN: Final = 100
_REPEAT_SECONDS: Final = 0.05
_ACCEPTED: Final = frozenset({200, 201})

_FAST_SERVICE: Final = {
    "WHATSAPP_RATE_LIMIT_PER_MINUTE": "1000000",
    "WHATSAPP_MESSAGES_PER_SECOND": "1000000",
    "WHATSAPP_TIMEOUT": "3",
    "SCHEDULER_LEASE_SECONDS": "5",
    "PROCESSING_INTERVAL": "0.2",
    "WHATSAPP_RETRY_ATTEMPTS": "10",
}
_FAST_GRAPH: Final = (
    *("--messages-per-second", "0", "--pair-seconds", "0", "--time-compression", "1000"),
    *("--delivered-seconds", "0.1", "--read-seconds", "0.2"),
    *("--failed-probability", "0.02", "--delivered-probability", "1", "--duplicated-probability", "0.02"),
)


# A status tells that a message arrived, whatever became of the answer to its send. Early ones would keep a
# service that sends again after a lost answer from doing so; late ones come when it has.
_SENT_SECONDS: Final = ("0.05", "5")


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """The seed decides on the number of processes, on who dies, and how far the round has come by then."""

    seed: int
    notifications: int = 2_000
    kills_each: int = 4
    settle_seconds: float = 180.0


@dataclass(slots=True)
class _Observed:
    """What the clients of a round know."""

    ids: dict[str, int] = field(default_factory=dict)
    """Idempotency key -> the notification that the API named."""
    repeats: int = 0
    taken_events: list[str] = field(default_factory=list)
    """Message ids of our own webhooks that were answered 200."""


async def play(plan: RoundPlan, folder: Path) -> RoundResult:
    """Play one round; its `violations` should be empty. Raises StackError when it comes to no end."""
    chance = random.Random(plan.seed)  # noqa: S311 - repeatable on purpose
    sent_seconds = _SENT_SECONDS[plan.seed % 2]
    settings = StackSettings(
        api_workers=chance.choice((1, 2)),
        schedulers=chance.choice((1, 2)),
        service=_FAST_SERVICE,
        graph=(
            *_FAST_GRAPH,
            "--sent-seconds",
            sent_seconds,
            "--seed",
            str(plan.seed),
            "--state-file",
            str(folder / "graph-state"),
        ),
    )
    began = time.monotonic()
    async with prepared(settings, folder) as stack:
        for part in stack.daemons:
            await part.start()
        observed = _Observed()
        stop_events = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            own_events = group.create_task(_post_own_events(stack, observed, stop_events))
            await _chaos(plan, chance, stack, observed)
            states, unsettled = await _settle(plan, stack)
            stop_events.set()
            await own_events
        contradictions = await _asked_again(plan, stack, observed)
        async with HttpClient(stack.graph_port) as client:
            messages = await accepted_messages(client)
        with database_file.reading(stack.database_file) as connection:
            found = violations(connection, observed.ids, messages, observed.taken_events)
        return RoundResult(
            seed=plan.seed,
            seconds=time.monotonic() - began,
            kills=sum(part.starts - 1 for part in stack.daemons),
            setting=f"{settings.api_workers} API workers, {settings.schedulers} schedulers,"
            f" statuses after {sent_seconds} s",
            repeats=observed.repeats,
            own_events=len(observed.taken_events),
            states=states,
            violations=(*unsettled, *contradictions, *found),
        )


async def _chaos(plan: RoundPlan, chance: random.Random, stack: Stack, observed: _Observed) -> None:
    """Accept everything while the processes die at points that are drawn before."""
    numbers = iter(range(plan.notifications))
    progress = _Progress(stack, observed)
    async with asyncio.TaskGroup() as group:
        for _ in range(_CLIENTS):
            group.create_task(_accept(plan, stack, observed, numbers))
        for part in stack.daemons:
            own_chance = random.Random(chance.random())  # noqa: S311 - repeatable on purpose
            # Half of the API's deaths while it accepts, which takes it a small part of the round.
            early = (plan.kills_each + 1) // 2 if part is stack.api else 0
            moments = [
                *_moments(own_chance, early, plan.notifications, progress.accepted),
                *_moments(own_chance, plan.kills_each - early, 3 * plan.notifications, progress.value),
            ]
            group.create_task(_kill(part, moments, own_chance))


_Moment = tuple[Callable[[], int], int]
"""A measure of the round's progress, and the value of it at which a process dies."""


def _moments(chance: random.Random, count: int, length: int, measure: Callable[[], int]) -> list[_Moment]:
    """So many moments in the first nine tenths of a measure's length, in order."""
    return [(measure, point) for point in sorted(chance.randrange(length * 9 // 10) for _ in range(count))]


class _Progress:
    """How far the round has come; read at most every few hundredths of a second."""

    def __init__(self, stack: Stack, observed: _Observed) -> None:
        self._stack = stack
        self._observed = observed
        self._value = 0
        self._read_at = 0.0

    def accepted(self) -> int:
        """Notifications that the API answered for."""
        return len(self._observed.ids)

    def value(self) -> int:
        """Accepted, sent and final notifications, added up: three for each at the end."""
        now = time.monotonic()
        if now - self._read_at >= _POLL_SECONDS:
            states = database_file.state_counts(self._stack.database_file)
            left = sum(count for estado, count in states.items() if estado != "PENDIENTE")
            final = sum(count for estado, count in states.items() if estado in FINAL)
            self._value = len(self._observed.ids) + left + final
            self._read_at = now
        return self._value


async def _kill(part: Daemon, moments: list[_Moment], chance: random.Random) -> None:
    for measure, point in moments:
        while measure() < point:  # noqa: ASYNC110 - a database tells nobody of its changes
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.sleep(chance.random() * _POLL_SECONDS)
        part.kill()
        await asyncio.sleep(chance.random() * _LONGEST_DOWN_SECONDS)
        await part.start()


async def _accept(plan: RoundPlan, stack: Stack, observed: _Observed, numbers: Iterator[int]) -> None:
    """Ask for one notification after the other, each until it is accepted, always under the same key."""
    async with HttpClient(stack.api_port) as client:
        for number in numbers:
            key = _key(plan, number)
            request = create_request(stack, number, idempotency_key=key)
            while key not in observed.ids:
                try:
                    answer = await client.send(request)
                except LostAnswerError:
                    observed.repeats += 1
                    await asyncio.sleep(_REPEAT_SECONDS)
                    continue
                if answer.status in _ACCEPTED:
                    observed.ids[key] = json.loads(answer.body)["id"]
                elif answer.status < 500:
                    raise StackError(f"the API refused a notification with {answer.status}")
                else:
                    observed.repeats += 1
                    await asyncio.sleep(_REPEAT_SECONDS)


async def _asked_again(plan: RoundPlan, stack: Stack, observed: _Observed) -> tuple[str, ...]:
    """Repeat some requests that were answered: the same keys must give the same notifications."""
    numbers = range(0, plan.notifications, max(plan.notifications // _ASKED_AGAIN, 1))
    wrong = 0
    async with HttpClient(stack.api_port) as client:
        for number in numbers:
            key = _key(plan, number)
            answer = await client.send(create_request(stack, number, idempotency_key=key))
            wrong += answer.status != 200 or json.loads(answer.body)["id"] != observed.ids[key]
    return (f"{wrong} repeated requests were answered otherwise",) if wrong else ()


def _key(plan: RoundPlan, number: int) -> str:
    return f"round-{plan.seed}-{number}"


async def _post_own_events(stack: Stack, observed: _Observed, stop: asyncio.Event) -> None:
    """Post webhooks that only we know of, and remember those that were answered 200."""
    number = 0
    async with HttpClient(stack.api_port) as client:
        while not stop.is_set():
            number += 1
            status = MessageStatus(f"{_OWN_PREFIX}{number:08d}", 0, "delivered")
            try:
                answer = await client.send(webhook_request(webhook_body([status]), stack.app_secret))
            except LostAnswerError:
                await asyncio.sleep(_REPEAT_SECONDS)
                continue
            if answer.status == 200:
                observed.taken_events.append(status.message_id)
            await asyncio.sleep(_OWN_EVENT_SECONDS)


async def _settle(plan: RoundPlan, stack: Stack) -> tuple[dict[str, int], tuple[str, ...]]:
    """Wait until every notification is final and every status applied; the states, and what did not come."""
    deadline = time.monotonic() + plan.settle_seconds
    async with HttpClient(stack.graph_port) as client:
        while True:
            states = database_file.counted_states(stack.database_file)
            open_states = {estado: count for estado, count in states.items() if estado not in FINAL}
            pending = (await simulator_state(client)).webhooks_pending
            # A body whose process died is applied by another one after a while, one with ids that are not
            # known yet is looked at once more.
            unapplied = database_file.unapplied_events(stack.database_file, besides=_OWN_PREFIX)
            if not open_states and pending == 0 and unapplied == 0:
                return states, ()
            if time.monotonic() > deadline:
                late = (
                    f"{open_states} not final, {pending} statuses not taken, {unapplied} taken, not applied"
                )
                return states, (f"after {plan.settle_seconds:g} s: {late}",)
            await asyncio.sleep(0.1)
