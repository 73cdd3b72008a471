"""Figures measured on the running lab: what a scrape, a request and a second deployment cost."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from whatsapp_stack.bench.command import write
from whatsapp_stack.bench.figures import Figure, Report, Target

from lab import playbook
from lab.layout import host
from lab.probes import Session
from lab.secrets_store import read

SCRAPES = 30
REQUESTS = 200


def _measure(name: str, count: int, act: Callable[[], object]) -> list[Figure]:
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    quarters = statistics.quantiles(taken, n=4)
    hundredths = statistics.quantiles(taken, n=100)
    return [
        Figure(f"{name}, {count} times: median", round(statistics.median(taken), 2), "ms"),
        Figure(f"{name}: p99", round(hundredths[98], 2), "ms"),
        Figure(f"{name}: spread of the middle half", round(quarters[2] - quarters[0], 2), "ms"),
    ]


def measure(session: Session) -> list[Figure]:
    """Ask each part a bounded number of times, one request after the other."""
    api, exporter = host("app1").url(443, ""), host("app1").url(9808, "/metrics")
    key = {"X-API-Key": read("api_key_operate")}
    body = {
        "empresa_id": 1,
        "contacto_id": 1,
        "evento": "RECORDATORIO",
        "variables": {"contacto_nombre": "bench", "proyecto": "bench", "fecha": "2026-01-01"},
        # Far away, so that no message goes out.
        "programada_para": "2099-01-01T00:00:00Z",
    }
    client = session.client
    return [
        *_measure("exporter: one scrape", SCRAPES, lambda: session.get(exporter, auth=True)),
        *_measure("API: /metrics", SCRAPES, lambda: session.get(f"{api}/metrics", auth=True)),
        *_measure("API: /health", REQUESTS, lambda: client.get(f"{api}/health").raise_for_status()),
        *_measure(
            "API: create a notification",
            REQUESTS,
            lambda: client.post(f"{api}/api/notifications", headers=key, json=body).raise_for_status(),
        ),
        *_measure(
            "API: list ten pending",
            REQUESTS,
            lambda: client.get(
                f"{api}/api/notifications?estado=PENDIENTE&limite=10", headers=key
            ).raise_for_status(),
        ),
    ]


def bench(*, as_json: bool) -> int:
    """Print the figures; returns the exit code."""
    session = Session.open()
    with session.client:
        figures = measure(session)
    started = time.monotonic()
    recaps = playbook.run("site", verbose=False)
    seconds = time.monotonic() - started
    changed = sum(recap.changed for recap in recaps)
    figures += [
        Figure("site.yml run again", round(seconds, 1), "s"),
        Figure("site.yml run again: tasks that changed something", changed, "", Target(below=1)),
    ]
    write([Report("lab", tuple(figures))], as_json=as_json)
    return 0
