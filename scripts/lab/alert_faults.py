"""Faults of the running service that both the stack and the cron scripts can see, and how they are healed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lab.errors import LabError
from lab.faults import queue, service
from lab.layout import host
from lab.rehearsal.fault import Fault, Page
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
class Compared:
    """A fault with one page, and the words by which the cron scripts tell of it."""

    key: str
    fault: Fault
    cron_words: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return what is broken."""
        return self.fault.name

    @property
    def alert(self) -> str:
        """Return the alert that promises to tell of it."""
        return self.fault.pages[0].alert


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
    Compared("api", service.api_stopped(), ("Sistema ",)),
    Compared("scheduler", service.scheduler_stopped(), ("Sistema ",)),
    Compared("queue", queue.queue_filled(), ("Cola de",)),
    # The last: the day's objectives remember it longest.
    Compared(
        "errors",
        Fault(
            "the error rate is over its limit",
            (Page("WhatsAppHighErrorRate"),),
            _raise_error_rate,
            _lower_error_rate,
        ),
        ("Tasa de error",),
    ),
)
