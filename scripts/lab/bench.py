"""Figures measured on the running lab: what a scrape, a request and a second deployment cost."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from lab import playbook
from lab.layout import host
from lab.probes import Session
from lab.secrets_store import read

SCRAPES = 30
REQUESTS = 200


@dataclass(frozen=True)
class Figure:
    """One measured figure, in milliseconds."""

    name: str
    count: int
    median_ms: float
    p99_ms: float
    spread_ms: float
    """Interquartile range."""


def _measure(name: str, count: int, act: Callable[[], object]) -> Figure:
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    quarters = statistics.quantiles(taken, n=4)
    hundredths = statistics.quantiles(taken, n=100)
    return Figure(
        name=name,
        count=count,
        median_ms=round(statistics.median(taken), 2),
        p99_ms=round(hundredths[98], 2),
        spread_ms=round(quarters[2] - quarters[0], 2),
    )


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
        _measure("exporter: one scrape", SCRAPES, lambda: session.get(exporter, auth=True)),
        _measure("API: /metrics", SCRAPES, lambda: session.get(f"{api}/metrics", auth=True)),
        _measure("API: /health", REQUESTS, lambda: client.get(f"{api}/health").raise_for_status()),
        _measure(
            "API: create a notification",
            REQUESTS,
            lambda: client.post(f"{api}/api/notifications", headers=key, json=body).raise_for_status(),
        ),
        _measure(
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
    if as_json:
        document = {
            "figures": [asdict(figure) for figure in figures],
            "second_run": {"seconds": round(seconds, 1), "changed": changed},
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return 0
    for figure in figures:
        sys.stdout.write(
            f"{figure.name:<28} n={figure.count:<4} median {figure.median_ms:8.2f} ms   "
            f"p99 {figure.p99_ms:8.2f} ms   spread {figure.spread_ms:6.2f} ms\n"
        )
    sys.stdout.write(f"{'site.yml run again':<28} {seconds:.1f} s, changed={changed}\n")
    return 0
