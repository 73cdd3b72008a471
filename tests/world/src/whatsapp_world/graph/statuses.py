"""What becomes of an accepted message: which statuses follow, and when."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from whatsapp_world.graph import fields

MAX_DELAY_FACTOR: Final = 5.0
MAX_STEPS: Final = 50
MAX_AFTER_SECONDS: Final = 7 * 86_400.0
MAX_AGE_SECONDS: Final = 365 * 86_400.0
UNDELIVERABLE: Final = 131026


@dataclass(frozen=True)
class StatusTimings:
    """Mean delays in seconds, each from the status before, and probabilities from 0 to 1.

    ``skipped_delivered`` is the share of read messages whose ``delivered`` never comes, as when the chat is
    open; ``duplicated`` that of statuses sent twice.
    """

    sent_seconds: float = 0.5
    delivered_seconds: float = 2.0
    read_seconds: float = 20.0
    failed: float = 0.01
    delivered: float = 0.985
    read: float = 0.7
    skipped_delivered: float = 0.02
    duplicated: float = 0.005


class StatusStep(NamedTuple):
    """A status, ``after_seconds`` since the message was accepted; ``error_code`` only with ``failed``.

    Its timestamp lies ``age_seconds`` before the moment at which it is due.
    """

    status: str
    after_seconds: float
    error_code: int | None = None
    age_seconds: float = 0.0


# What the fault "statuses" may ask for by name; every list in order of time.
SCRIPTS: Final[Mapping[str, Sequence[StatusStep]]] = {
    "in_order": (StatusStep("sent", 0.0), StatusStep("delivered", 0.5), StatusStep("read", 1.0)),
    "reordered": (StatusStep("read", 0.0), StatusStep("delivered", 0.5), StatusStep("sent", 1.0)),
    "duplicated": tuple(
        StatusStep(status, moment)
        for status, moment in (("sent", 0.0), ("delivered", 0.5), ("read", 1.0))
        for _ in range(2)
    ),
    "skipped_delivered": (StatusStep("sent", 0.0), StatusStep("read", 1.0)),
    "read_only": (StatusStep("read", 0.5),),
    "late_failed": (
        StatusStep("sent", 0.0),
        StatusStep("delivered", 0.5),
        StatusStep("failed", 1.0, UNDELIVERABLE),
    ),
    "unknown_status": (
        StatusStep("sent", 0.0),
        StatusStep("held_for_quality_assessment", 0.3),
        StatusStep("delivered", 0.6),
        StatusStep("read", 1.0),
    ),
    "stale": tuple(
        StatusStep(status, moment, age_seconds=2 * 86_400.0)
        for status, moment in (("sent", 0.0), ("delivered", 0.5), ("read", 1.0))
    ),
    "silent": (),
}


def plan_statuses(
    timings: StatusTimings, randomness: random.Random, *, failure_code: int | None = None
) -> list[StatusStep]:
    """Return the statuses of one message in order of time; ``failure_code`` makes it fail for certain."""
    if failure_code is not None:
        return [StatusStep("failed", _delay(timings.sent_seconds, randomness), failure_code)]
    if randomness.random() < timings.failed:
        return [StatusStep("failed", _delay(timings.sent_seconds, randomness), UNDELIVERABLE)]
    moment = _delay(timings.sent_seconds, randomness)
    steps = [StatusStep("sent", moment)]
    if randomness.random() < timings.delivered:
        moment += _delay(timings.delivered_seconds, randomness)
        delivered = StatusStep("delivered", moment)
        if randomness.random() < timings.read:
            moment += _delay(timings.read_seconds, randomness)
            skipped = randomness.random() < timings.skipped_delivered
            steps += [StatusStep("read", moment)] if skipped else [delivered, StatusStep("read", moment)]
        else:
            steps.append(delivered)
    if timings.duplicated <= 0:
        return steps
    repeated = [step for step in steps if randomness.random() < timings.duplicated]
    return sorted(steps + repeated, key=lambda step: step.after_seconds) if repeated else steps


def parse_steps(documents: Sequence[Mapping[str, object]]) -> tuple[StatusStep, ...]:
    """Return the steps that an operator posted, in order of time; raise InvalidFieldError.

    Each is ``{"status", "after_seconds", "code", "age_seconds"}``; any status is taken, known to Meta or not.
    """
    steps = [
        StatusStep(
            status=fields.required_text(document, "status"),
            after_seconds=fields.number(document, "after_seconds", 0, MAX_AFTER_SECONDS) or 0.0,
            error_code=fields.integer(document, "code", 0, 10**7),
            age_seconds=fields.number(document, "age_seconds", 0, MAX_AGE_SECONDS) or 0.0,
        )
        for document in documents
    ]
    return tuple(sorted(steps, key=lambda step: step.after_seconds))


def _delay(mean: float, randomness: random.Random) -> float:
    """Exponential around the mean with a bounded tail, as network and human delays roughly are."""
    return min(randomness.expovariate(1 / mean), mean * MAX_DELAY_FACTOR) if mean > 0 else 0.0
