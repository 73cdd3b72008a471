"""Requests to the service at a steady rate, whatever the answers: they make the share of bad events known."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import httpx
from whatsapp_stack.stack import WEBHOOK_PATH
from whatsapp_stack.webhook_requests import MessageStatus, webhook_body, webhook_signature

from lab.layout import host
from lab.probes import trusted
from lab.rehearsal.fault import Fault
from lab.running import Lab
from lab.secrets_store import read

RATE = 20.0
"""Requests a second of each kind."""
_LONGEST_SECONDS = 1800
_IN_FLIGHT = 600
_FAR_AHEAD = dt.timedelta(days=30)

NOTIFICATION = {
    "evento": "VALORIZACION_APROBADA",
    "valorizacion_id": 4711,
    "variables": {
        "contacto_nombre": "Ing. Quispe",
        "valorizacion_numero": "VAL-4711",
        "proyecto": "Puente Mantaro",
        "monto": "S/ 1 000.00",
    },
}
"""What stands in a request to create one, but for whom it is."""

MakeRequest = Callable[[httpx.AsyncClient], httpx.Request]


def creating(client: httpx.AsyncClient) -> httpx.Request:
    """Return a request to create a notification that is not due while the lab lives."""
    due = (dt.datetime.now(dt.UTC) + _FAR_AHEAD).isoformat()
    body = {**NOTIFICATION, "empresa_id": 1, "contacto_id": 1, "programada_para": due}
    return client.build_request(
        "POST",
        host("app1").url(443, "/api/notifications"),
        json=body,
        headers={"X-API-Key": read("api_key_operate")},
    )


def webhook(client: httpx.AsyncClient) -> httpx.Request:
    """Return a webhook with a status of a message that the service does not know, rightly signed."""
    body = webhook_body([MessageStatus("wamid.LAB", 0, "delivered")])
    headers = webhook_signature(body, read("whatsapp_app_secret"))
    return client.build_request("POST", host("app1").url(443, WEBHOOK_PATH), content=body, headers=headers)


@dataclass
class Load:
    """A thread that sends from `start` to `stop`; requests that are under way then are given up."""

    kinds: tuple[MakeRequest, ...]
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._stop.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, if it was begun."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=_IN_FLIGHT, max_keepalive_connections=_IN_FLIGHT)
        loop = asyncio.get_running_loop()
        end = loop.time() + _LONGEST_SECONDS
        under_way: set[asyncio.Task[None]] = set()
        async with httpx.AsyncClient(verify=trusted(), limits=limits, timeout=30, trust_env=False) as client:
            while not self._stop.is_set() and loop.time() < end:
                for make in self.kinds:
                    if len(under_way) < _IN_FLIGHT:
                        task = asyncio.create_task(_send(client, make(client)))
                        under_way.add(task)
                        task.add_done_callback(under_way.discard)
                await asyncio.sleep(1 / RATE)
            for task in list(under_way):
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> None:
    with contextlib.suppress(httpx.HTTPError):
        await client.send(request)


def under_load(fault: Fault, *kinds: MakeRequest) -> Fault:
    """Return the fault with requests of those kinds while it lasts."""
    load = Load(kinds)

    def cause(lab: Lab) -> None:
        load.start()
        fault.cause(lab)

    def heal(lab: Lab) -> None:
        load.stop()
        fault.heal(lab)

    return replace(fault, cause=cause, heal=heal)
