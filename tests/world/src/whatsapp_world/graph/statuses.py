"""What becomes of an accepted message: which statuses follow, and when."""

import random
from dataclasses import dataclass

MAX_DELAY_FACTOR = 5.0


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


@dataclass(frozen=True)
class StatusStep:
    """A status, ``after_seconds`` since the message was accepted; ``error_code`` only with ``failed``."""

    status: str
    after_seconds: float
    error_code: int | None = None


def plan_statuses(
    timings: StatusTimings, randomness: random.Random, *, failure_code: int | None = None
) -> list[StatusStep]:
    """Return the statuses of one message in order of time; ``failure_code`` makes it fail for certain."""
    if failure_code is not None:
        return [StatusStep("failed", _delay(timings.sent_seconds, randomness), failure_code)]
    if randomness.random() < timings.failed:
        return [StatusStep("failed", _delay(timings.sent_seconds, randomness), 131026)]
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
    repeated = [step for step in steps if randomness.random() < timings.duplicated]
    return sorted(steps + repeated, key=lambda step: step.after_seconds)


def _delay(mean: float, randomness: random.Random) -> float:
    """Exponential around the mean with a bounded tail, as network and human delays roughly are."""
    return min(randomness.expovariate(1 / mean), mean * MAX_DELAY_FACTOR) if mean > 0 else 0.0
