"""Running one benchmark on a stack of its own: temporary folder, signals, output."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Final, Literal

from whatsapp_stack.bench import exposition, reading, sending, webhooks
from whatsapp_stack.bench.figures import Report, to_json

Benchmark = Literal["webhooks", "sending", "reading", "exposition"]

DESCRIPTIONS: Final[Mapping[Benchmark, str]] = {
    "webhooks": "One API worker takes signed webhooks: as fast as it can, one of 3 MB, 240 a second.",
    "sending": "One scheduler sends 80 messages a second for a minute, then 10,000 as fast as it can.",
    "reading": "One API worker answers out of a million notifications (made once, kept in .lab/bench).",
    "exposition": "The exporter renders pages of 100,000 series, beside Prometheus' client library.",
}


def run(name: Benchmark, *, folder: Path, service: Mapping[str, str], as_json: bool) -> int:
    """Print the figures of one benchmark and return 0, whether its targets were met or not.

    Files are made below `folder`; `service` are settings of the daemons that differ from their defaults.
    Raises StackError when a process fails or something is lost, KeyboardInterrupt on SIGINT and SIGTERM.
    """
    return run_measured(
        name, lambda temporary: _measure(name, temporary, folder, service), folder=folder, as_json=as_json
    )


def run_measured(
    name: str, measure: Callable[[Path], Coroutine[None, None, Report]], *, folder: Path, as_json: bool
) -> int:
    """The same for any benchmark: `measure` is given a folder that is removed afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=folder) as temporary:
        report = asyncio.run(_ended_by_sigterm(measure(Path(temporary))))
    write([report], as_json=as_json)
    return 0


def write(reports: list[Report], *, as_json: bool) -> None:
    """Print reports on standard output."""
    text = to_json(reports) if as_json else "\n".join(report.table() for report in reports)
    sys.stdout.write(text + "\n")


async def _ended_by_sigterm(measuring: Coroutine[None, None, Report]) -> Report:
    """Measure; SIGTERM ends the processes as SIGINT does."""
    task = asyncio.ensure_future(measuring)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _measure(name: Benchmark, temporary: Path, kept: Path, service: Mapping[str, str]) -> Report:
    if name == "webhooks":
        return await webhooks.measure(temporary, service)
    if name == "sending":
        return await sending.measure(temporary, service)
    if name == "exposition":
        return await exposition.measure()
    return await reading.measure(temporary, service, kept=kept)
