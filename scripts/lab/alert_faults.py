"""Faults of the running service that both the stack and the cron scripts can see, and how they are healed."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lab.errors import LabError
from lab.layout import LAB_DIR, host
from lab.running import Lab, wait_for

CREATED: Final = 201
UNPROCESSABLE: Final = 422
PAUSED_COMPANY: Final = 1
# Above the limit of 100 that both have, and what is created of ordinary traffic meanwhile only adds to it.
QUEUE: Final = 130
QUEUE_LIMIT: Final = 100
# The limit of both is 5 %. The figure is the day's: it is driven past the limit, held there, and diluted.
RATE_LIMIT: Final = 5.0
RATE_REACHED: Final = 7.0
RATE_HEALED: Final = 4.5
HOLDING_PROBABILITY: Final = 0.12
# An error about the one message: it is not tried again, and neither the number nor the account is to blame.
REFUSAL: Final = {"kind": "error", "code": 131009, "http_status": 400, "on": "sends"}
BATCH: Final = 40
DRAIN_SECONDS: Final = 120
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


def day(lab: Lab) -> dict[str, Any]:
    """Return the API's figures of the day."""
    answer = lab.api("GET", "/api/notifications/metrics")
    answer.raise_for_status()
    figures: dict[str, Any] = answer.json()
    return figures


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


def _contacts(company: int | None = None) -> Iterator[tuple[int, int]]:
    """Give (company, contact) of the lab's data, over and over."""
    contacts = json.loads((LAB_DIR / "fixture.json").read_text("utf-8"))["contactos"]
    pairs = [(int(one["empresa_id"]), int(one["id"])) for one in contacts]
    return itertools.cycle([pair for pair in pairs if company is None or pair[0] == company])


def _create(lab: Lab, contacts: Iterator[tuple[int, int]], count: int) -> None:
    """Ask for so many notifications, due now; contacts whose number turned out bad are passed over."""
    created = 0
    for company, contact in itertools.islice(contacts, 3 * count):
        body = {
            "empresa_id": company,
            "contacto_id": contact,
            "evento": "RECORDATORIO",
            "variables": {"contacto_nombre": "bench", "proyecto": "bench", "fecha": "2026-01-01"},
        }
        answer = lab.api("POST", "/api/notifications", json=body)
        if answer.status_code == CREATED:
            created += 1
        elif answer.status_code != UNPROCESSABLE:
            raise LabError(f"the API did not take a notification: HTTP {answer.status_code}")
        if created == count:
            return
    raise LabError("the API takes notifications for too few of the lab's contacts")


def _drained(lab: Lab) -> None:
    """Wait until nearly nothing is due, so that the queue is no fault of its own."""
    wait_for("an empty queue", DRAIN_SECONDS, lambda: True if day(lab)["pendientes"] < BATCH // 4 else None)


def _fill_queue(lab: Lab) -> dt.datetime:
    pause = {"alcance": "empresa", "objeto_id": PAUSED_COMPANY, "motivo": "bench"}
    lab.api("POST", "/api/notifications/pauses", json=pause).raise_for_status()
    _create(lab, _contacts(PAUSED_COMPANY), QUEUE)
    return wait_for(
        "a queue over the limit", 30, lambda: _now() if day(lab)["pendientes"] > QUEUE_LIMIT else None
    )


def _empty_queue(lab: Lab) -> None:
    path = f"/api/notifications/pauses?alcance=empresa&objeto_id={PAUSED_COMPANY}"
    lab.api("DELETE", path).raise_for_status()
    _drained(lab)


def _refuse_sends(lab: Lab, probability: float) -> None:
    document = {**REFUSAL, "probability": probability}
    lab.session.client.post(host("world").url(443, "/_lab/faults"), json=document).raise_for_status()


def _accept_sends(lab: Lab) -> None:
    lab.session.client.delete(host("world").url(443, "/_lab/faults?kind=error")).raise_for_status()


def _raise_error_rate(lab: Lab) -> dt.datetime:
    contacts = _contacts()
    begun: dt.datetime | None = None
    _refuse_sends(lab, 1)
    for _ in range(MAX_BATCHES):
        figures = day(lab)
        if begun is None and figures["tasa_error_porcentaje"] > RATE_LIMIT:
            begun = _now()
        needed = failures_needed(figures["errores"], finished(figures), RATE_REACHED)
        if not needed:
            break
        _create(lab, contacts, min(needed, BATCH))
        _drained(lab)
    if begun is None:
        raise LabError("the error rate does not pass its limit: too much was sent today")
    _accept_sends(lab)
    _refuse_sends(lab, HOLDING_PROBABILITY)
    return begun


def _lower_error_rate(lab: Lab) -> None:
    _accept_sends(lab)
    contacts = _contacts()
    for _ in range(MAX_BATCHES):
        figures = day(lab)
        needed = successes_needed(figures["errores"], finished(figures), RATE_HEALED)
        if not needed:
            return
        _create(lab, contacts, min(needed, BATCH))
        _drained(lab)
    raise LabError("the error rate does not come down again: too much failed today")


FAULTS: Final = (
    _unit_fault("api", "API stopped", "whatsapp-notifications", "WhatsAppSystemDown"),
    _unit_fault("scheduler", "scheduler stopped", "whatsapp-scheduler", "SchedulerNotRunning"),
    Fault("queue", "queue over the limit", "WhatsAppQueueBacklog", ("Cola de",), _fill_queue, _empty_queue),
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
