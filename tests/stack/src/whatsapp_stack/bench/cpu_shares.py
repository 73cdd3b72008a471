"""How much of a core each process used during a measurement, and the rest of the machine meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence

from whatsapp_stack.bench.figures import Figure
from whatsapp_stack.daemon import Daemon
from whatsapp_stack.procfs import machine_cpu_seconds


class CpuShares:
    """Measures from its making until `figures`."""

    def __init__(self, daemons: Sequence[Daemon]) -> None:
        self._daemons = tuple(daemons)
        self._wall, self._used = time.monotonic(), self._reading()

    def seconds(self, name: str) -> float:
        """CPU seconds of a daemon since then."""
        return self._reading()[name] - self._used[name]

    def figures(self, prefix: str) -> list[Figure]:
        """One figure for each daemon, one for this process (the load), one for all else on the machine."""
        wall = time.monotonic() - self._wall
        used = {name: value - self._used[name] for name, value in self._reading().items()}
        machine = used.pop("machine")
        others = max(machine - sum(used.values()), 0.0)
        shares = {**used, "the rest of the machine": others}
        return [
            Figure(f"{prefix}: CPU of {name}", round(100 * value / wall, 1), "% core")
            for name, value in shares.items()
        ]

    def _reading(self) -> dict[str, float]:
        return {
            **{daemon.name: daemon.usage().cpu_seconds for daemon in self._daemons},
            "load": time.process_time(),
            "machine": machine_cpu_seconds(),
        }
