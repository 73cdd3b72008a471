"""Faults that an operator injects through ``/_lab/faults``."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count as counting
from typing import ClassVar

MAX_FAULTS = 50
MAX_HANG_SECONDS = 600.0


class InvalidFaultError(ValueError):
    """A fault description that cannot be injected; the text says why."""


@dataclass
class Fault:
    """One injected fault.

    ``probability`` is that of each message being hit; ``count`` the hits left, None for no end; ``seconds``
    the time that a hang holds the answer; ``accepted`` whether a message that hangs or is dropped is sent all
    the same.
    """

    KINDS: ClassVar[frozenset[str]] = frozenset(
        {"error", "hang", "drop", "webhooks_off", "auth_expired", "failed_status"}
    )

    kind: str
    probability: float = 1.0
    count: int | None = None
    code: int | None = None
    http_status: int | None = None
    subcode: int | None = None
    details: str | None = None
    seconds: float | None = None
    accepted: bool = True
    id: int = 0
    hits: int = 0

    def document(self) -> dict[str, object]:
        """Return the fault as ``/_lab/state`` shows it: what is set, and how often it hit."""
        shown = {
            "code": self.code,
            "http_status": self.http_status,
            "error_subcode": self.subcode,
            "details": self.details,
            "seconds": self.seconds,
        }
        document: dict[str, object] = {"id": self.id, "kind": self.kind, "hits": self.hits}
        document.update({key: value for key, value in shown.items() if value is not None})
        if self.kind in {"hang", "drop"}:
            document["accepted"] = self.accepted
        if self.kind not in {"webhooks_off", "auth_expired"}:
            document.update(probability=self.probability, count=self.count)
        return document


_NUMBER_FIELDS = {"probability": (0.0, 1.0), "seconds": (0.0, MAX_HANG_SECONDS)}
_INTEGER_FIELDS = {
    "count": (1, 10**9),
    "code": (0, 10**7),
    "http_status": (400, 599),
    "error_subcode": (0, 10**9),
}
_FIELDS = {"kind", "details", "accepted", *_NUMBER_FIELDS, *_INTEGER_FIELDS}


def parse_fault(document: Mapping[str, object]) -> Fault:
    """Return the fault that a JSON object describes; raise InvalidFaultError when it describes none."""
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in Fault.KINDS:
        raise InvalidFaultError(f"kind must be one of {', '.join(sorted(Fault.KINDS))}")
    unknown = sorted(set(document) - _FIELDS)
    if unknown:
        raise InvalidFaultError(f"unknown field {unknown[0][:40]!r}")
    details = document.get("details")
    accepted = document.get("accepted", True)
    if not (details is None or isinstance(details, str)) or not isinstance(accepted, bool):
        raise InvalidFaultError("details must be a string, accepted a boolean")
    probability = _number(document, "probability")
    fault = Fault(
        kind=kind,
        probability=1.0 if probability is None else probability,
        count=_integer(document, "count"),
        code=_integer(document, "code"),
        http_status=_integer(document, "http_status"),
        subcode=_integer(document, "error_subcode"),
        details=details,
        seconds=_number(document, "seconds"),
        accepted=accepted,
    )
    if kind in {"error", "failed_status"} and fault.code is None:
        raise InvalidFaultError(f"{kind} needs a code")
    if kind == "hang" and fault.seconds is None:
        raise InvalidFaultError("hang needs seconds")
    return fault


def _number(document: Mapping[str, object], key: str) -> float | None:
    value = document.get(key)
    low, high = _NUMBER_FIELDS[key]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidFaultError(f"{key} must be a number from {low:g} to {high:g}")
    return float(value)


def _integer(document: Mapping[str, object], key: str) -> int | None:
    value = document.get(key)
    low, high = _INTEGER_FIELDS[key]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidFaultError(f"{key} must be an integer from {low} to {high}")
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

    def active(self, kind: str) -> bool:
        """Whether a fault of that kind is in force."""
        return any(fault.kind == kind for fault in self._faults)

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
