"""`scripts/bench exporter`: its options, its databases, its parts one after the other."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from whatsapp_stack.bench.command import run_measured
from whatsapp_stack.bench.exporter import hanging, memory, rivals, scrape_cost
from whatsapp_stack.bench.exporter.filled_database import filled, require_space_for
from whatsapp_stack.bench.exporter.shell_script import require_commands
from whatsapp_stack.bench.figures import Figure, Report

Part = Literal["rows", "rivals", "memory", "hanging"]
PARTS: Final[tuple[Part, ...]] = ("rows", "rivals", "memory", "hanging")
DESCRIPTION: Final = (
    "Scrapes of databases of up to ten million notifications, beside query-exporter and a shell script; "
    "memory over 10,000 scrapes; upstreams that hang."
)


@dataclass(frozen=True, slots=True)
class ExporterLoad:
    """Notifications in the databases, the smallest first, and how often each thing is done."""

    rows: tuple[int, ...] = (10_000, 1_000_000, 10_000_000)
    rivals_rows: int = 1_000_000
    rounds: int = 5
    scrapes_a_round: int = 20
    rival_runs: int = 20
    memory_scrapes: int = 10_000


@dataclass(frozen=True, slots=True)
class Places:
    """Folders: `work` for what one run makes, `databases` for what may be kept, `tools` for programs."""

    work: Path
    databases: Path
    tools: Path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what this benchmark has beside `--json` and `--set`."""
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="make the databases (about 4.5 GiB) in DIR and keep them for the next run",
    )
    parser.add_argument(
        "--part",
        action="append",
        choices=PARTS,
        help="only this part; may be repeated (default: all)",
    )


async def measure(
    places: Places,
    service: Mapping[str, str],
    *,
    parts: Sequence[Part] = PARTS,
    load: ExporterLoad | None = None,
) -> Report:
    """Measure the parts. Raises StackError, as when the disk is too small or curl or jq are missing."""
    load = load or ExporterLoad()
    began = time.monotonic()
    if "rivals" in parts:
        require_commands()
    sizes = set(load.rows if "rows" in parts else ())
    sizes |= {load.rivals_rows} if "rivals" in parts else set()
    sizes |= {load.rows[0]} if {"memory", "hanging"} & set(parts) else set()
    require_space_for(places.databases, sizes)
    databases = {count: await filled(places.databases, count) for count in sorted(sizes)}
    made = time.monotonic() - began
    figures: list[Figure] = []
    if "rows" in parts:
        compared = {count: databases[count] for count in load.rows}
        figures += await scrape_cost.measure(
            places.work, compared, service, rounds=load.rounds, scrapes=load.scrapes_a_round
        )
    if "rivals" in parts:
        figures += await rivals.measure(
            places.work,
            databases[load.rivals_rows],
            load.rivals_rows,
            service,
            tools=places.tools,
            runs=load.rival_runs,
        )
    if "memory" in parts:
        figures += await memory.measure(
            places.work, databases[load.rows[0]], service, scrapes=load.memory_scrapes
        )
    if "hanging" in parts:
        figures += await hanging.measure(places.work, databases[load.rows[0]], service)
    figures += [
        Figure("databases made in", round(made), "s"),
        Figure("whole benchmark", round(time.monotonic() - began), "s"),
        Figure("load of the machine, mean of 15 minutes", round(os.getloadavg()[2], 1), ""),
    ]
    return Report("exporter", tuple(figures))


def run(options: argparse.Namespace, *, folder: Path, service: Mapping[str, str]) -> int:
    """Print the figures and return 0; `options` are those of `add_options` and `--json`. See command.run."""

    async def measured(work: Path) -> Report:
        databases = work / "databases" if options.keep is None else options.keep.absolute()
        databases.mkdir(parents=True, exist_ok=True)
        return await measure(
            Places(work, databases, folder.parent), service, parts=tuple(options.part or PARTS)
        )

    return run_measured("exporter", measured, folder=folder, as_json=options.json)
