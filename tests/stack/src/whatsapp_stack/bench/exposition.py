"""Exposition: how long pages of 100,000 series take the exporter, and how long Prometheus' client library."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from whatsapp_stack.bench.figures import Figure, Report, Target
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.commands import run

_FASTER: Final = Target(at_least=10)
_STALL: Final = Target(below=50)


@dataclass(frozen=True, slots=True)
class ExpositionLoad:
    """Series on a page, and rounds of each kind of page."""

    series: int = 100_000
    rounds: int = 7


async def measure(load: ExpositionLoad | None = None) -> Report:
    """Render pages in a process of its own, where every value changes between rounds. Raises StackError."""
    load = load or ExpositionLoad()
    tell(f"{load.rounds} rounds of four kinds of pages of {load.series:,} series, by both sides")
    output = await run(
        sys.executable, "-m", "whatsapp_exporter.exposition.measurement",
        "--series", str(load.series), "--rounds", str(load.rounds),
    )  # fmt: skip
    figures = [figure for case in json.loads(output) for figure in _figures(case)]
    return Report("exposition", tuple(figures))


def _figures(case: Mapping[str, Any]) -> list[Figure]:
    page = f"{case['families']} x {case['series'] // case['families']:,} {case['values']}"
    ours, client = case["changed"], case["client"]
    faster = statistics.median(client["elapsed"]) / statistics.median(ours["elapsed"])
    by_processor = statistics.median(client["processor"]) / statistics.median(ours["processor"])
    return [
        *_times(f"{page}: client library, gzip 9", client["elapsed"]),
        *_times(f"{page}: exporter", ours["elapsed"]),
        Figure(f"{page}: times as fast", round(faster, 2), "", _FASTER),
        Figure(f"{page}: times as fast, by CPU", round(by_processor, 2), ""),
        Figure(f"{page}: exporter's CPU", _milliseconds(statistics.median(ours["processor"])), "ms"),
        Figure(f"{page}: first page", _milliseconds(case["first"]["elapsed"][0]), "ms"),
        Figure(f"{page}: no value changed", _milliseconds(case["equal"]["elapsed"][0]), "ms"),
        Figure(
            f"{page}: longest stall, waits for a core left out",
            _milliseconds(case["own_stall"]),
            "ms",
            _STALL,
        ),
        Figure(f"{page}: longest stall", _milliseconds(case["stall"]), "ms"),
        Figure(f"{page}: longest stall when idle", _milliseconds(case["idle_stall"]), "ms"),
        Figure(f"{page}: size", round(case["size"] / 1000), "kB"),
        Figure(f"{page}: compressed", round(case["compressed"] / 1000), "kB"),
        Figure(f"{page}: compressed by gzip 9", round(case["client_compressed"] / 1000), "kB"),
    ]


def _times(name: str, seconds: list[float]) -> list[Figure]:
    return [
        Figure(f"{name}, median", _milliseconds(statistics.median(seconds)), "ms"),
        Figure(f"{name}, fastest", _milliseconds(min(seconds)), "ms"),
        Figure(f"{name}, slowest", _milliseconds(max(seconds)), "ms"),
    ]


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
