"""More notifications at once than the rate limit lets out for minutes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from lab.errors import LabError
from lab.faults.load import NOTIFICATION
from lab.rehearsal.fault import Fault, Page
from lab.running import Lab

NOTIFICATIONS = 3_000
"""Three minutes of the manual's 1,000 a minute."""
_COMPANIES, _CONTACTS = 8, 25
_THREADS = 8


def queue_filled() -> Fault:
    """A company's system asks for a month of notifications at once."""
    return Fault("the queue fills", (Page("WhatsAppQueueBacklog"),), _cause, _drains, clears_seconds=240)


def _cause(lab: Lab) -> None:
    contacts = islice(cycle(range(1, _COMPANIES * _CONTACTS + 1)), NOTIFICATIONS)
    with ThreadPoolExecutor(_THREADS) as pool:
        created = sum(pool.map(lambda contact: _create(lab, contact), contacts))
    if created < NOTIFICATIONS // 2:
        raise LabError(f"only {created} of {NOTIFICATIONS} notifications were accepted")


def _create(lab: Lab, contact: int) -> bool:
    body = {**NOTIFICATION, "empresa_id": (contact - 1) // _CONTACTS + 1, "contacto_id": contact}
    return lab.api("POST", "/api/notifications", json=body).status_code == 201


def _drains(_: Lab) -> None:
    """Nothing is to be mended: what waits is sent."""
