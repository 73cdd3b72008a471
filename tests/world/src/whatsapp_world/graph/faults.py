"""Faults that an operator injects through ``/_lab/faults``."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count as counting
from typing import Final, Protocol

from whatsapp_world.graph import fields
from whatsapp_world.graph.fields import InvalidFieldError
from whatsapp_world.graph.masking import masked
from whatsapp_world.graph.read_limit import LIMIT_CODES
from whatsapp_world.graph.shape import StatusShape
from whatsapp_world.graph.statuses import MAX_AFTER_SECONDS, MAX_STEPS, SCRIPTS, StatusStep, parse_steps
from whatsapp_world.graph.webhook_payload import MAX_PAYLOAD_BYTES, MAX_UPDATES

MAX_FAULTS: Final = 50
MAX_HANG_SECONDS: Final = 600.0
SENDS: Final = "sends"
READS: Final = "reads"


class Subject(Protocol):
    """The message that a fault may be limited to."""

    @property
    def recipient(self) -> str: ...
    @property
    def template(self) -> str | None: ...
    @property
    def callback_data(self) -> str | None: ...


@dataclass(frozen=True)
class FaultKind:
    """Which members a kind of fault takes beside those of all that hit single messages or requests."""

    members: frozenset[str]
    needed: frozenset[str] = frozenset()
    hits_single: bool = True
    matches: bool = False

    @property
    def allowed(self) -> frozenset[str]:
        """Every member that a description of this kind may have."""
        single = {"probability", "count"} if self.hits_single else set()
        return self.members | {"kind"} | single | ({"match"} if self.matches else set())


def _kind(*members: str, needed: str = "", single: bool = True, matches: bool = False) -> FaultKind:
    return FaultKind(frozenset(members), frozenset({needed} - {""}), single, matches)


FAULT_KINDS: Final[Mapping[str, FaultKind]] = {
    "error": _kind("code", "http_status", "error_subcode", "details", "on", needed="code", matches=True),
    "failed_status": _kind("code", needed="code", matches=True),
    "hang": _kind("seconds", "accepted", "on", needed="seconds", matches=True),
    "drop": _kind("accepted", "on", matches=True),
    "statuses": _kind("script", "steps", "delay_seconds", matches=True),
    "status_shape": _kind(
        "conversation", "pricing_model", "bsuid", "callback_data", "unknown_fields", matches=True
    ),
    "status_first": _kind("seconds", matches=True),
    "webhooks_off": _kind(single=False),
    "webhook_batch": _kind("size", "pad_to_bytes", needed="size", single=False),
    "webhook_repeat": _kind("times"),
    "webhook_signature": _kind("signature"),
    "auth_expired": _kind(single=False),
    "read_limit": _kind("code"),
    "usage": _kind("percent", needed="percent", single=False),
}


@dataclass
class Fault:
    """One injected fault.

    ``probability`` is that of each message or request being hit; ``count`` the hits left, None for no end;
    ``match`` limits it to messages with these values; ``on`` says whether sends or reads are hit. The other
    members belong to single kinds, as FAULT_KINDS lists them.
    """

    kind: str
    probability: float = 1.0
    count: int | None = None
    match: Mapping[str, str] = field(default_factory=dict)
    on: str | None = None
    code: int | None = None
    http_status: int | None = None
    error_subcode: int | None = None
    details: str | None = None
    seconds: float | None = None
    accepted: bool = True
    script: str | None = None
    steps: tuple[StatusStep, ...] | None = None
    delay_seconds: float | None = None
    shape: StatusShape | None = None
    size: int | None = None
    pad_to_bytes: int | None = None
    times: int | None = None
    signature: str | None = None
    percent: int | None = None
    id: int = 0
    hits: int = 0

    def document(self) -> dict[str, object]:
        """Return the fault as ``/_lab/state`` shows it: what is set, and how often it hit."""
        kind = FAULT_KINDS[self.kind]
        document: dict[str, object] = {"id": self.id, "kind": self.kind, "hits": self.hits}
        for name in sorted(kind.members - {"steps"}):
            value = getattr(self.shape if self.shape is not None else self, name)
            if value is not None:
                document[name] = value
        if self.steps is not None:
            document["steps"] = [step._asdict() for step in self.steps]
        if self.match:
            document["match"] = {
                key: masked(value) if key == "to" else value for key, value in self.match.items()
            }
        if kind.hits_single:
            document.update(probability=self.probability, count=self.count)
        return document

    def concerns(self, subject: Subject | None) -> bool:
        """Whether the fault is meant for this message."""
        if not self.match:
            return True
        if subject is None:
            return False
        values = {
            "to": subject.recipient,
            "template": subject.template,
            "callback_data": subject.callback_data,
        }
        return all(values[key] == value for key, value in self.match.items())


def parse_fault(document: Mapping[str, object]) -> Fault:
    """Return the fault that a JSON object describes; raise InvalidFieldError when it describes none."""
    name = fields.choice(document, "kind", FAULT_KINDS)
    if name is None:
        raise InvalidFieldError(f"kind must be one of {', '.join(sorted(FAULT_KINDS))}")
    kind = FAULT_KINDS[name]
    fields.only(document, kind.allowed)
    missing = sorted(member for member in kind.needed if document.get(member) is None)
    if missing:
        raise InvalidFieldError(f"{name} needs {missing[0]}")
    probability = fields.number(document, "probability", 0, 1)
    fault = Fault(
        kind=name,
        probability=1.0 if probability is None else probability,
        count=fields.integer(document, "count", 1, 10**9),
        match=_match(document),
    )
    for member in kind.members & _READERS.keys():
        value = _READERS[member](document)
        if value is not None:
            setattr(fault, member, value)
    _complete(fault, document)
    return fault


_READERS: Final[Mapping[str, Callable[[Mapping[str, object]], object]]] = {
    "on": lambda document: fields.choice(document, "on", (SENDS, READS)) or SENDS,
    "code": lambda document: fields.integer(document, "code", 0, 10**7),
    "http_status": lambda document: fields.integer(document, "http_status", 400, 599),
    "error_subcode": lambda document: fields.integer(document, "error_subcode", 0, 10**9),
    "details": lambda document: fields.text(document, "details"),
    "seconds": lambda document: fields.number(document, "seconds", 0, MAX_HANG_SECONDS),
    "accepted": lambda document: fields.boolean(document, "accepted"),
    "script": lambda document: fields.choice(document, "script", SCRIPTS),
    "delay_seconds": lambda document: fields.number(document, "delay_seconds", 0, MAX_AFTER_SECONDS),
    "size": lambda document: fields.integer(document, "size", 1, MAX_UPDATES),
    "pad_to_bytes": lambda document: fields.integer(document, "pad_to_bytes", 1, MAX_PAYLOAD_BYTES),
    "times": lambda document: fields.integer(document, "times", 2, 100) or 2,
    "signature": lambda document: fields.choice(document, "signature", ("wrong", "missing")) or "wrong",
    "percent": lambda document: fields.integer(document, "percent", 0, 100),
}


def _match(document: Mapping[str, object]) -> Mapping[str, str]:
    match = fields.mapping(document, "match") or {}
    fields.only(match, ("to", "template", "callback_data"))
    return {key: fields.required_text(match, key) for key in match}


def _complete(fault: Fault, document: Mapping[str, object]) -> None:
    """Read what single kinds add; raise InvalidFieldError when members do not fit together."""
    if fault.kind == "statuses":
        steps = fields.objects(document, "steps", most=MAX_STEPS)
        if steps is not None and fault.script is not None:
            raise InvalidFieldError("statuses takes a script or steps, not both")
        if steps is not None:
            fault.steps = parse_steps(steps)
        elif fault.script is not None:
            fault.steps = tuple(SCRIPTS[fault.script])
        elif fault.delay_seconds is None:
            raise InvalidFieldError("statuses needs a script, steps or delay_seconds")
    if fault.kind == "status_shape":
        fault.shape = StatusShape(
            conversation=fields.boolean(document, "conversation"),
            pricing_model=fields.choice(document, "pricing_model", ("CBP", "PMP", "none")) or "PMP",
            bsuid=fields.boolean(document, "bsuid") or False,
            callback_data=fields.boolean(document, "callback_data") is not False,
            unknown_fields=fields.boolean(document, "unknown_fields") or False,
        )
    if fault.kind == "read_limit":
        fault.code = 80007 if fault.code is None else fault.code
        if fault.code not in LIMIT_CODES:
            raise InvalidFieldError(f"code must be one of {', '.join(map(str, LIMIT_CODES))}")


@dataclass
class FaultBoard:
    """The faults in force, oldest first."""

    randomness: random.Random
    _faults: list[Fault] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: counting(1))

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force; raise InvalidFieldError when there are too many."""
        if len(self._faults) >= MAX_FAULTS:
            raise InvalidFieldError(f"at most {MAX_FAULTS} faults at a time")
        fault.id = next(self._ids)
        self._faults.append(fault)
        return fault

    def clear(self, kind: str | None = None) -> int:
        """Lift all faults, or those of a kind; return how many."""
        kept = [fault for fault in self._faults if kind is not None and fault.kind != kind]
        lifted = len(self._faults) - len(kept)
        self._faults = kept
        return lifted

    def find(self, kind: str) -> Fault | None:
        """Return the oldest fault of a kind that is in force."""
        for fault in self._faults:
            if fault.kind == kind:
                return fault
        return None

    def active(self, kind: str) -> bool:
        """Whether a fault of that kind is in force."""
        return self.find(kind) is not None

    def strike(self, *kinds: str, subject: Subject | None = None, on: str = SENDS) -> Fault | None:
        """Return the first fault of these kinds that hits now, one hit used up; None if none does.

        ``subject`` is the message in question; ``on`` matters to kinds that hit sends or reads.
        """
        for fault in self._faults:
            if (
                fault.kind in kinds
                and (fault.on is None or fault.on == on)
                and fault.concerns(subject)
                and self.randomness.random() < fault.probability
            ):
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
