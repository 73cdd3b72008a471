"""Faults of the running service that both the stack and the cron scripts can see, and how they are healed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lab.errors import LabError
from lab.faults import queue
from lab.layout import host
from lab.running import Lab

# The limit of both is 5 %. The figure is the day's: it is driven past the limit, held there, and diluted.
RATE_LIMIT: Final = 5.0
RATE_REACHED: Final = 7.0
RATE_HEALED: Final = 4.5
HOLDING_PROBABILITY: Final = 0.12
# An error about the one message: it is not tried again, and neither the number nor the account is to blame.
REFUSAL: Final = {"kind": "error", "code": 131009, "http_status": 400, "on": "sends"}
BATCH: Final = 40
MAX_BATCHES: Final = 500


@dataclass(frozen=True)
class Fault:
    """A fault, the alert that promises to tell of it, and the words by which the cron scripts do.

    `cause` returns the moment from which on it can be seen; `heal` makes it good, and harms nothing when
    there is no fault.
    """

    key: str
    name: str
    alert: str
    cron_words: tuple[str, ...]
    cause: Callable[[Lab], dt.datetime]
    heal: Callable[[Lab], None]


def failures_needed(errors: int, finished: int, percent: float) -> int:
    """Return how many more failures bring the failed to `percent` of the finished."""
    share = percent / 100
    return max(0, -int(-(share * finished - errors) // (1 - share)))


def successes_needed(errors: int, finished: int, percent: float) -> int:
    """Return how many more successes bring the failed down to `percent` of the finished."""
    return max(0, -int(-(errors * 100 / percent - finished) // 1))


def finished(figures: Mapping[str, Any]) -> int:
    """Return the day's notifications that have a result, as the error rate counts them."""
    return min(int(figures["total_notificaciones"]), int(figures["enviadas"]) + int(figures["errores"]))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _unit_fault(key: str, name: str, unit: str, alert: str) -> Fault:
    def cause(lab: Lab) -> dt.datetime:
        begun = _now()
        lab.shell("app1", f"systemctl stop {unit}")
        return begun

    def heal(lab: Lab) -> None:
        lab.shell("app1", f"systemctl start {unit}")

    return Fault(key, name, alert, ("Sistema ",), cause, heal)


def _refuse_sends(lab: Lab, probability: float) -> None:
    document = {**REFUSAL, "probability": probability}
    lab.session.client.post(host("world").url(443, "/_lab/faults"), json=document).raise_for_status()


def _accept_sends(lab: Lab) -> None:
    lab.session.client.delete(host("world").url(443, "/_lab/faults?kind=error")).raise_for_status()


def _raise_error_rate(lab: Lab) -> dt.datetime:
    contacts = queue.contacts()
    begun: dt.datetime | None = None
    _refuse_sends(lab, 1)
    for _ in range(MAX_BATCHES):
        figures = queue.day(lab)
        if begun is None and figures["tasa_error_porcentaje"] > RATE_LIMIT:
            begun = _now()
        needed = failures_needed(figures["errores"], finished(figures), RATE_REACHED)
        if not needed:
            break
        queue.create(lab, contacts, min(needed, BATCH))
        queue.drained(lab)
    if begun is None:
        raise LabError("the error rate does not pass its limit: too much was sent today")
    _accept_sends(lab)
    _refuse_sends(lab, HOLDING_PROBABILITY)
    return begun


def _lower_error_rate(lab: Lab) -> None:
    _accept_sends(lab)
    contacts = queue.contacts()
    for _ in range(MAX_BATCHES):
        figures = queue.day(lab)
        needed = successes_needed(figures["errores"], finished(figures), RATE_HEALED)
        if not needed:
            return
        queue.create(lab, contacts, min(needed, BATCH))
        queue.drained(lab)
    raise LabError("the error rate does not come down again: too much failed today")


FAULTS: Final = (
    _unit_fault("api", "API stopped", "whatsapp-notifications", "WhatsAppSystemDown"),
    _unit_fault("scheduler", "scheduler stopped", "whatsapp-scheduler", "SchedulerNotRunning"),
    Fault("queue", "queue over the limit", "WhatsAppQueueBacklog", ("Cola de",), queue.fill, queue.empty),
    # The last: the day's objectives remember it longest.
    Fault(
        "errors",
        "error rate over the limit",
        "WhatsAppHighErrorRate",
        ("Tasa de error",),
        _raise_error_rate,
        _lower_error_rate,
    ),
)
