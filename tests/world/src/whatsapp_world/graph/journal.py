"""The state file: what the simulator accepted and which statuses are over, so that a killed one goes on.

One JSON array a line, written at once to a file opened for appending, before the request it belongs to is
answered: what the process wrote survives its end, not the machine's. At each start, and when it has grown
large, the file is replaced by one that holds what still matters.

| line | says |
|---|---|
| ``["counts", total, once, repeated, forgotten, statuses]`` | totals so far |
| ``["kept", message]`` | a message that the totals hold already |
| ``["accepted", message]`` | a new message, see ``_message_line`` |
| ``["step", id, step]`` | another status for a message |
| ``["over", [[id, index, delivered], …]]`` | statuses that were delivered or given up |
| ``["cleared"]`` | the record was emptied |
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from whatsapp_world.errors import UsageError
from whatsapp_world.graph.accepted import AcceptedMessage, MessageLog
from whatsapp_world.graph.shape import StatusShape
from whatsapp_world.graph.statuses import StatusStep

COMPACT_BYTES: Final = 128 * 1024 * 1024
_MODE: Final = 0o600  # it holds phone numbers


class JournalError(Exception):
    """The state file cannot be written: what was to be remembered is not."""


@dataclass(frozen=True, slots=True)
class Over:
    """A status that needs no further attempt."""

    message: AcceptedMessage
    index: int
    delivered: bool


@dataclass
class Recovered:
    """What a state file says: the messages, and how many statuses were delivered."""

    log: MessageLog
    statuses: Counter[str] = field(default_factory=Counter)


class Journal:
    """A state file open for writing."""

    def __init__(self, path: Path, *, log: MessageLog | None = None) -> None:
        """Read the file, if there is one, into ``log``, and replace it by what still matters.

        Raises UsageError when it cannot be read, written, or is not such a file. A last line that was cut
        short by the end of the process is left out.
        """
        self._path = path
        self.recovered = Recovered(MessageLog() if log is None else log)
        try:
            if path.exists():
                _replay(path, self.recovered)
            self._descriptor = -1
            self._size = self._compact_at = 0
            self.compact(self.recovered.log, self.recovered.statuses)
        except OSError as exc:
            raise UsageError(f"state file: cannot use {path}: {exc.strerror}") from exc
        except (ValueError, TypeError, KeyError, IndexError) as exc:
            raise UsageError(f"state file: {path} is not a state file of the Graph simulator") from exc

    @property
    def is_large(self) -> bool:
        """Whether it is time to compact."""
        return self._size > self._compact_at

    def accepted(self, message: AcceptedMessage) -> None:
        """Remember a new message."""
        self._append(["accepted", _message_line(message)])

    def step_added(self, message: AcceptedMessage, step: StatusStep) -> None:
        """Remember another status of a message."""
        self._append(["step", message.id, [*step]])

    def over(self, statuses: Iterable[Over]) -> None:
        """Remember that statuses need no further attempt."""
        self._append(["over", [[status.message.id, status.index, status.delivered] for status in statuses]])

    def cleared(self) -> None:
        """Remember that the record was emptied."""
        self._append(["cleared"])

    def compact(self, log: MessageLog, statuses: Counter[str]) -> None:
        """Replace the file by one that holds this and nothing else; may raise OSError."""
        temporary = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, _MODE)
        try:
            size = 0
            for line in _snapshot(log, statuses):
                size += _write(descriptor, line)
            temporary.replace(self._path)
        except OSError:
            os.close(descriptor)
            raise
        self.close()
        self._descriptor, self._size = descriptor, size
        self._compact_at = max(COMPACT_BYTES, 2 * size)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, line: list[object]) -> None:
        try:
            self._size += _write(self._descriptor, line)
        except OSError as exc:
            raise JournalError(exc.strerror) from exc


def _write(descriptor: int, line: list[object]) -> int:
    data = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])
    return len(data)


def _snapshot(log: MessageLog, statuses: Counter[str]) -> Iterator[list[object]]:
    callbacks = log.callbacks
    yield ["counts", log.total, list(callbacks.once), callbacks.repeated, callbacks.forgotten, dict(statuses)]
    newest = {message.id: message for message in log.newest()}
    for message in {**log.outstanding, **newest}.values():
        yield ["kept", _message_line(message)]


def _message_line(message: AcceptedMessage) -> list[object]:
    shape = message.shape
    return [
        message.id,
        message.accepted_at,
        message.kind,
        message.recipient,
        message.template,
        message.language,
        message.category,
        message.parameters,
        message.callback_data,
        message.api_version,
        [shape.conversation, shape.pricing_model, shape.bsuid, shape.callback_data, shape.unknown_fields],
        [[*step] for step in message.steps],
        message.delivered,
        # Larger than JSON's integers when a message has many statuses.
        f"{message.settled:x}",
    ]


def _message(line: list[Any]) -> AcceptedMessage:
    identifier, accepted_at, kind, recipient, template, language, category, parameters = line[:8]
    callback_data, api_version, shape, steps, delivered, settled = line[8:]
    return AcceptedMessage(
        id=identifier,
        accepted_at=accepted_at,
        kind=kind,
        recipient=recipient,
        template=template,
        language=language,
        category=category,
        parameters=tuple(parameters),
        callback_data=callback_data,
        api_version=api_version,
        shape=StatusShape(*shape),
        steps=[StatusStep(*step) for step in steps],
        delivered=delivered,
        settled=int(settled, 16),
    )


def _replay(path: Path, recovered: Recovered) -> None:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):  # the last one may have been cut short
                _replay_line(orjson.loads(line), recovered)


def _replay_line(line: list[Any], recovered: Recovered) -> None:
    kind, *rest = line
    log = recovered.log
    if kind == "accepted":
        log.add(_message(rest[0]))
    elif kind == "over":
        _settle(rest[0], recovered)
    elif kind == "step":
        message = log.find(rest[0])
        if message is not None:
            log.extend(message, StatusStep(*rest[1]))
    elif kind == "kept":
        message = _message(rest[0])
        log.keep(message)
        if not message.outstanding:
            log.outstanding.pop(message.id, None)
    elif kind == "counts":
        log.total = rest[0]
        log.callbacks.restore(rest[1], rest[2], rest[3])
        recovered.statuses.update(rest[4])
    elif kind == "cleared":
        log.clear()
    else:
        raise ValueError(kind)


def _settle(triples: list[list[Any]], recovered: Recovered) -> None:
    for identifier, index, delivered in triples:
        message = recovered.log.find(identifier)
        if message is None:
            continue
        if delivered:
            status = message.steps[index].status
            message.delivered.append(status)
            recovered.statuses[status] += 1
        recovered.log.settle(message, index)
