"""Messages that the simulator accepted: what they ask for, what becomes of them, which came twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from whatsapp_world.arrivals import CAPACITY
from whatsapp_world.clock import iso_utc
from whatsapp_world.graph.masking import masked
from whatsapp_world.graph.shape import PLAIN_SHAPE, StatusShape
from whatsapp_world.graph.statuses import StatusStep

MAX_CALLBACK_IDS: Final = 100_000


@dataclass(slots=True, eq=False)
class AcceptedMessage:
    """One accepted message; ``accepted_at`` in epoch seconds, ``recipient`` digits only.

    ``steps`` are its statuses; those whose bit is set in ``settled`` are over, delivered or given up.
    """

    id: str
    accepted_at: float
    kind: str
    recipient: str
    template: str | None
    language: str | None
    category: str
    parameters: tuple[str, ...]
    callback_data: str | None
    api_version: int
    shape: StatusShape = PLAIN_SHAPE
    steps: list[StatusStep] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    settled: int = 0

    @property
    def outstanding(self) -> list[int]:
        """Indexes of the statuses that are not over."""
        return [index for index in range(len(self.steps)) if not self.settled >> index & 1]

    def document(self) -> dict[str, object]:
        """Return the message as ``/_lab/messages`` shows it."""
        return {
            "id": self.id,
            "received_at": iso_utc(datetime.fromtimestamp(self.accepted_at, UTC)),
            "to": masked(self.recipient),
            "type": self.kind,
            "template": self.template,
            "language": self.language,
            "parameters": list(self.parameters),
            "biz_opaque_callback_data": self.callback_data,
            "statuses": list(self.delivered),
        }


class CallbackCounts:
    """How often messages with the same callback data were accepted; the newest 100,000 are remembered.

    With a ``separator`` what stands before it counts: a client may number its attempts behind one.
    """

    def __init__(self, capacity: int = MAX_CALLBACK_IDS, *, separator: str = "") -> None:
        self._capacity = capacity
        self._separator = separator
        self.once: dict[str, None] = {}
        self.repeated: dict[str, int] = {}
        self.forgotten = 0

    def add(self, callback_data: str) -> None:
        """Count one accepted message."""
        callback_data = self._counted(callback_data)
        if callback_data in self.repeated:
            self.repeated[callback_data] += 1
        elif callback_data in self.once:
            del self.once[callback_data]
            self.repeated[callback_data] = 2
        else:
            self.once[callback_data] = None
            if len(self.once) + len(self.repeated) > self._capacity:
                del self.once[next(iter(self.once))]
                self.forgotten += 1

    def count(self, callback_data: str) -> int:
        """Return how often it was accepted, 0 when that is not remembered."""
        callback_data = self._counted(callback_data)
        return self.repeated.get(callback_data, 1 if callback_data in self.once else 0)

    def _counted(self, callback_data: str) -> str:
        return callback_data.partition(self._separator)[0] if self._separator else callback_data

    def restore(self, once: Iterable[str], repeated: Mapping[str, int], forgotten: int) -> None:
        """Take over what an earlier run counted."""
        self.once.update(dict.fromkeys(once))
        self.repeated.update(repeated)
        self.forgotten += forgotten

    def clear(self) -> None:
        """Forget everything."""
        self.once.clear()
        self.repeated.clear()
        self.forgotten = 0

    def page(self, limit: int) -> dict[str, object]:
        """Return those accepted more than once, newest last: ``{"items", "total", "extra", …}``.

        ``extra`` counts the messages beyond the first of each.
        """
        first = max(0, len(self.repeated) - limit)
        return {
            "items": [
                {"biz_opaque_callback_data": callback_data, "accepted": times}
                for callback_data, times in islice(self.repeated.items(), first, None)
            ],
            "total": len(self.repeated),
            "extra": sum(self.repeated.values()) - len(self.repeated),
            "remembered": len(self.once) + len(self.repeated),
            "forgotten": self.forgotten,
        }


class MessageLog:
    """The newest accepted messages, those with statuses to come, and counts of all since the last clear."""

    def __init__(self, capacity: int = CAPACITY, *, callback_separator: str = "") -> None:
        self.capacity = capacity
        self.total = 0
        self.callbacks = CallbackCounts(separator=callback_separator)
        self.outstanding: dict[str, AcceptedMessage] = {}
        self._newest: deque[AcceptedMessage] = deque(maxlen=capacity)
        self._by_id: dict[str, AcceptedMessage] = {}

    def add(self, message: AcceptedMessage) -> None:
        """Remember a message, forgetting the oldest when full."""
        self.total += 1
        if message.callback_data is not None:
            self.callbacks.add(message.callback_data)
        self.keep(message)

    def keep(self, message: AcceptedMessage) -> None:
        """Remember a message without counting it."""
        if len(self._newest) == self.capacity:
            self._by_id.pop(self._newest[0].id, None)
        self._newest.append(message)
        self._by_id[message.id] = message
        if message.steps:
            self.outstanding[message.id] = message

    def settle(self, message: AcceptedMessage, index: int) -> None:
        """Note that a status is over."""
        message.settled |= 1 << index
        if message.settled == (1 << len(message.steps)) - 1:
            self.outstanding.pop(message.id, None)

    def extend(self, message: AcceptedMessage, step: StatusStep) -> int:
        """Add a status to a message; return its index."""
        message.steps.append(step)
        self.outstanding[message.id] = message
        return len(message.steps) - 1

    def find(self, message_id: str) -> AcceptedMessage | None:
        """Return a message that is remembered or has statuses to come."""
        return self._by_id.get(message_id) or self.outstanding.get(message_id)

    def find_callback(self, callback_data: str) -> AcceptedMessage | None:
        """Return the newest remembered message with that callback data."""
        for message in reversed(self._newest):
            if message.callback_data == callback_data:
                return message
        return None

    def clear(self) -> None:
        """Forget everything and count from zero; statuses to come still come."""
        self._newest.clear()
        self._by_id.clear()
        self.callbacks.clear()
        self.total = 0

    def newest(self) -> Iterable[AcceptedMessage]:
        """Return the remembered messages, oldest first."""
        return tuple(self._newest)

    def page(self, limit: int, callback_data: str | None = None) -> dict[str, object]:
        """Return ``{"items": [...], "total": n}``: the newest ``limit`` messages, newest last.

        ``total`` counts all since the last clear; with ``callback_data`` those that are remembered with it.
        """
        if callback_data is not None:
            matching = [message for message in self._newest if message.callback_data == callback_data]
            return {
                "items": [message.document() for message in matching[-limit:]],
                "total": len(matching),
            }
        first = max(0, len(self._newest) - limit)
        return {
            "items": [message.document() for message in islice(self._newest, first, None)],
            "total": self.total,
        }
