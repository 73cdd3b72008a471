"""What a benchmark found: a table for people, JSON for machines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """The value that is wanted: at least or less than this."""

    at_least: float | None = None
    below: float | None = None

    def met_by(self, value: float) -> bool:
        """Whether the value is as wanted."""
        return (self.at_least is None or value >= self.at_least) and (
            self.below is None or value < self.below
        )

    def __str__(self) -> str:
        words = [
            f"{sign} {number_text(limit)}"
            for sign, limit in (("≥", self.at_least), ("<", self.below))
            if limit is not None
        ]
        return " and ".join(words)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None without one."""
        return None if self.target is None else self.target.met_by(self.value)


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one benchmark."""

    benchmark: str
    figures: tuple[Figure, ...]

    def table(self) -> str:
        """Lines for people."""
        width = max(len(figure.name) for figure in self.figures)
        return "\n".join(_line(figure, width) for figure in self.figures)


def to_json(reports: Sequence[Report]) -> str:
    """One document with every report and the machine that they are of."""
    document = {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "reports": [
            {
                "benchmark": report.benchmark,
                "figures": [asdict(figure) | {"met": figure.met} for figure in report.figures],
            }
            for report in reports
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def number_text(value: float) -> str:
    """Three significant digits at the least, thousands apart."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _line(figure: Figure, width: int) -> str:
    line = f"  {figure.name:<{width}}  {number_text(figure.value):>10} {figure.unit:<6}"
    if figure.target is None:
        return line.rstrip()
    return f"{line}  target {figure.target}: {'met' if figure.met else 'missed'}"
