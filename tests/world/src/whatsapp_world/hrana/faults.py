"""Faults that an operator injects through ``/_lab/faults``."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count as counting
from typing import ClassVar

MAX_FAULTS = 50
MAX_DELAY_SECONDS = 600.0
BAD_GATEWAY = 502


class InvalidFaultError(ValueError):
    """A fault description that cannot be injected; the text says why."""


@dataclass
class Fault:
    """One injected fault.

    ``probability`` is that of each request being hit; ``count`` the hits left, None for no end; ``executed``
    whether a request whose connection is dropped, or that is answered with ``http_status``, has been run all
    the same; ``seconds`` the time that a delay holds the answer.
    """

    KINDS: ClassVar[frozenset[str]] = frozenset({"drop", "delay", "http_error", "expire"})

    kind: str
    probability: float = 1.0
    count: int | None = None
    executed: bool = True
    seconds: float = 0.0
    http_status: int = BAD_GATEWAY
    id: int = 0
    hits: int = 0

    def document(self) -> dict[str, object]:
        """Return the fault as ``/_lab/state`` shows it."""
        document: dict[str, object] = {"id": self.id, "kind": self.kind, "hits": self.hits}
        if self.kind in {"drop", "http_error"}:
            document["executed"] = self.executed
        if self.kind == "delay":
            document["seconds"] = self.seconds
        if self.kind == "http_error":
            document["http_status"] = self.http_status
        return {**document, "probability": self.probability, "count": self.count}


def parse_fault(document: Mapping[str, object]) -> Fault:
    """Return the fault that a JSON object describes; raise InvalidFaultError when it describes none."""
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in Fault.KINDS:
        raise InvalidFaultError(f"kind must be one of {', '.join(sorted(Fault.KINDS))}")
    unknown = sorted(set(document) - {"kind", "probability", "count", "executed", "seconds", "http_status"})
    if unknown:
        raise InvalidFaultError(f"unknown field {unknown[0][:40]!r}")
    executed = document.get("executed", kind == "drop")
    if not isinstance(executed, bool):
        raise InvalidFaultError("executed must be a boolean")
    count = document.get("count")
    return Fault(
        kind=kind,
        probability=_number(document.get("probability", 1.0), "probability", 0, 1),
        count=None if count is None else int(_number(count, "count", 1, 1e9)),
        executed=executed,
        seconds=_number(document.get("seconds", 0.0), "seconds", 0, MAX_DELAY_SECONDS),
        http_status=int(_number(document.get("http_status", BAD_GATEWAY), "http_status", 400, 599)),
    )


def _number(value: object, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidFaultError(f"{name} must be a number from {low:g} to {high:g}")
    return value


@dataclass
class FaultBoard:
    """The faults in force, oldest first."""

    randomness: random.Random
    _faults: list[Fault] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: counting(1))

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; raise InvalidFaultError when there are too many."""
        if len(self._faults) >= MAX_FAULTS:
            raise InvalidFaultError(f"at most {MAX_FAULTS} faults at a time")
        fault.id = next(self._ids)
        self._faults.append(fault)
        return fault

    def clear(self, kind: str | None = None) -> int:
        """Lift all faults, or those of a kind; return how many."""
        kept = [fault for fault in self._faults if kind is not None and fault.kind != kind]
        lifted = len(self._faults) - len(kept)
        self._faults = kept
        return lifted

    def strike(self, *kinds: str) -> Fault | None:
        """Return the first fault of these kinds that hits now, one hit used up; None if none does."""
        for fault in self._faults:
            if fault.kind in kinds and self.randomness.random() < fault.probability:
                fault.hits += 1
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count == 0:
                        self._faults.remove(fault)
                return fault
        return None

    def documents(self) -> list[dict[str, object]]:
        """Return the faults in force, as ``/_lab/state`` shows them."""
        return [fault.document() for fault in self._faults]
