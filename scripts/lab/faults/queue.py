"""Notifications that are due and do not leave: a company that is paused, and asks for more."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any, Final

from lab.errors import LabError
from lab.layout import LAB_DIR
from lab.rehearsal.fault import Fault, Page
from lab.running import Lab, wait_for

CREATED: Final = 201
UNPROCESSABLE: Final = 422
PAUSED_COMPANY: Final = 1
# Above the limit of the alert and of the manual; what ordinary traffic creates meanwhile only adds to it.
QUEUE: Final = 130
QUEUE_LIMIT: Final = 100
NEARLY_EMPTY: Final = 10
DRAIN_SECONDS: Final = 120


def queue_filled() -> Fault:
    """More is due than the limit, and stays so."""
    return Fault("the queue fills", (Page("WhatsAppQueueBacklog"),), fill, empty, clears_seconds=60)


def day(lab: Lab) -> dict[str, Any]:
    """Return the API's figures of the day."""
    answer = lab.api("GET", "/api/notifications/metrics")
    answer.raise_for_status()
    figures: dict[str, Any] = answer.json()
    return figures


def contacts(company: int | None = None) -> Iterator[tuple[int, int]]:
    """Give (company, contact) of the lab's data, over and over."""
    found = json.loads((LAB_DIR / "fixture.json").read_text("utf-8"))["contactos"]
    pairs = [(int(one["empresa_id"]), int(one["id"])) for one in found]
    return itertools.cycle([pair for pair in pairs if company is None or pair[0] == company])


def create(lab: Lab, whom: Iterator[tuple[int, int]], count: int) -> None:
    """Ask for so many notifications, due now; contacts whose number turned out bad are passed over."""
    created = 0
    for company, contact in itertools.islice(whom, 3 * count):
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


def drained(lab: Lab) -> None:
    """Wait until nearly nothing is due, so that the queue is no fault of its own."""
    wait_for("an empty queue", DRAIN_SECONDS, lambda: True if day(lab)["pendientes"] < NEARLY_EMPTY else None)


def fill(lab: Lab) -> dt.datetime:
    pause = {"alcance": "empresa", "objeto_id": PAUSED_COMPANY, "motivo": "bench"}
    lab.api("POST", "/api/notifications/pauses", json=pause).raise_for_status()
    create(lab, contacts(PAUSED_COMPANY), QUEUE)
    return wait_for(
        "a queue over the limit",
        30,
        lambda: dt.datetime.now(dt.UTC) if day(lab)["pendientes"] > QUEUE_LIMIT else None,
    )


def empty(lab: Lab) -> None:
    path = f"/api/notifications/pauses?alcance=empresa&objeto_id={PAUSED_COMPANY}"
    lab.api("DELETE", path).raise_for_status()
    drained(lab)
