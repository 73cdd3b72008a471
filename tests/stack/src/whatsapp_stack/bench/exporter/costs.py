"""What one thing cost that was done many times: wall clock and CPU time of each."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from whatsapp_stack.bench.figures import Figure, Target


@dataclass(frozen=True, slots=True)
class Costs:
    """`seconds` of each time, `cpu_seconds` of all together."""

    seconds: tuple[float, ...]
    cpu_seconds: float

    def __add__(self, other: Costs) -> Costs:
        return Costs(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def cpu(self) -> float:
        """CPU seconds of one time, on the average."""
        return self.cpu_seconds / len(self.seconds)

    def share(self, share: float) -> float:
        """Seconds that this share (0 to 1) of the times did not exceed."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    def figures(self, name: str, target: Target | None = None) -> list[Figure]:
        """Median (with the target), the spread between the 10th and the 90th of a hundred, p99, CPU."""
        return [
            _milliseconds(f"{name}: median", self.median, target),
            _milliseconds(f"{name}: p90 - p10", self.share(0.9) - self.share(0.1)),
            _milliseconds(f"{name}: p99", self.share(0.99)),
            _milliseconds(f"{name}: CPU", self.cpu),
        ]


def together(costs: Sequence[Costs]) -> Costs:
    """Several rounds as one."""
    return sum(costs, Costs((), 0.0))


def _milliseconds(name: str, seconds: float, target: Target | None = None) -> Figure:
    return Figure(name, round(seconds * 1000, 2), "ms", target)
