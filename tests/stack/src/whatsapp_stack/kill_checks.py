"""What must hold after a round of killing, whatever died when."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from whatsapp_stack.simulator import AcceptedMessage


@dataclass(frozen=True, slots=True)
class RoundResult:
    """One round: what happened and what must not have."""

    seed: int
    seconds: float
    kills: int
    setting: str
    repeats: int
    """Requests for notifications that were sent again because their answer was lost."""
    own_events: int
    states: dict[str, int]
    violations: tuple[str, ...]

    def __str__(self) -> str:
        states = ", ".join(f"{count} {estado}" for estado, count in sorted(self.states.items()))
        return (
            f"seed {self.seed}: {self.setting}, {self.kills} kills, {self.repeats} requests repeated,"
            f" {self.own_events} own webhooks; {states}; {self.seconds:.1f} s"
        )


def violations(
    connection: sqlite3.Connection,
    ids: Mapping[str, int],
    messages: Sequence[AcceptedMessage],
    own_events: Sequence[str],
) -> tuple[str, ...]:
    """Compare the database with what the clients (`ids` by key, `own_events`) and the simulator know."""
    states: dict[int, str] = dict(connection.execute("SELECT id, estado FROM whatsapp_notificaciones"))
    return (
        *_keys(connection, ids, states),
        *_sent_twice(connection, messages),
        *_unasked(messages, states),
        *_never_sent(messages, states),
        *_lost_events(connection, messages, own_events),
        *_statuses_without_effect(messages, states),
        *_counts(connection),
    )


def _keys(connection: sqlite3.Connection, ids: Mapping[str, int], states: Mapping[int, str]) -> Iterator[str]:
    doubled = [number for number, count in Counter(ids.values()).items() if count > 1]
    if doubled:
        yield f"{len(doubled)} notifications answer to more than one key"
    if set(ids.values()) != set(states):
        missing, further = set(ids.values()) - set(states), set(states) - set(ids.values())
        yield f"{len(missing)} accepted notifications are gone, {len(further)} others were made"
    query = "SELECT clave, notificacion_id FROM whatsapp_claves_idempotencia"
    kept: dict[str, int] = dict(connection.execute(query))
    if kept != dict(ids):
        yield "the kept keys and the answers differ"


def _sent_twice(connection: sqlite3.Connection, messages: Iterable[AcceptedMessage]) -> Iterator[str]:
    query = "SELECT notificacion_id FROM whatsapp_historial_notificaciones WHERE estado_nuevo = 'DESCONOCIDA'"
    told = {row[0] for row in connection.execute(query)}
    times = Counter(message.notification_id for message in messages)
    silent = [number for number, count in times.items() if count > 1 and number not in told]
    if silent:
        yield f"{len(silent)} notifications were sent twice and never told as DESCONOCIDA"


def _unasked(messages: Iterable[AcceptedMessage], states: Mapping[int, str]) -> Iterator[str]:
    strangers = {message.notification_id for message in messages} - set(states)
    if strangers:
        yield f"{len(strangers)} messages are of no notification"


def _never_sent(messages: Iterable[AcceptedMessage], states: Mapping[int, str]) -> Iterator[str]:
    sent = {message.notification_id for message in messages}
    invented = [
        number for number, estado in states.items() if estado in {"ENTREGADA", "LEIDA"} and number not in sent
    ]
    if invented:
        yield f"{len(invented)} notifications are delivered and were never sent"


def _lost_events(
    connection: sqlite3.Connection, messages: Iterable[AcceptedMessage], own_events: Iterable[str]
) -> Iterator[str]:
    kept: Counter[tuple[str, str]] = Counter()
    for (body,) in connection.execute("SELECT cuerpo FROM whatsapp_webhook_eventos"):
        for entry in json.loads(body)["entry"]:
            for change in entry["changes"]:
                for status in change["value"].get("statuses", ()):
                    kept[status["id"], status["status"]] += 1
    taken = Counter((message.id, status) for message in messages for status in message.statuses)
    taken.update((message_id, "delivered") for message_id in own_events)
    lost = taken - kept
    if lost:
        yield f"{lost.total()} statuses were answered 200 and are not kept"


def _statuses_without_effect(messages: Sequence[AcceptedMessage], states: Mapping[int, str]) -> Iterator[str]:
    """A status that was taken shows in the state; of notifications that were sent once."""
    times = Counter(message.notification_id for message in messages)
    wrong = [
        message
        for message in messages
        if times[message.notification_id] == 1
        and states.get(message.notification_id) not in _possible(message)
    ]
    if wrong:
        yield f"{len(wrong)} notifications do not have the state of their statuses"


def _possible(message: AcceptedMessage) -> frozenset[str]:
    if "read" in message.statuses:
        return frozenset({"LEIDA"})
    if "delivered" in message.statuses:
        return frozenset({"ENTREGADA"})
    return (
        frozenset({"ERROR"})
        if "failed" in message.statuses
        else frozenset({"ENVIADA", "DESCONOCIDA", "ERROR"})
    )


def _counts(connection: sqlite3.Connection) -> Iterator[str]:
    kept = "SELECT estado, sum(total) FROM whatsapp_conteo_estados GROUP BY estado HAVING sum(total) <> 0"
    counted = "SELECT estado, count(*) FROM whatsapp_notificaciones GROUP BY estado"
    if dict(connection.execute(kept)) != dict(connection.execute(counted)):
        yield "the kept counts of states are not those of the rows"
