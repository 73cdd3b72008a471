"""CPU time and memory of process groups and of the machine, from /proc (proc(5), Linux)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

# Fields of /proc/PID/stat counted from the one after the command's closing parenthesis.
_STATE, _GROUP, _UTIME, _CSTIME, _RSS = 0, 2, 11, 14, 21


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds (user and system, ended children included) and resident bytes."""

    cpu_seconds: float = 0.0
    rss_bytes: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu_seconds + other.cpu_seconds, self.rss_bytes + other.rss_bytes)


def group_usage(group: int) -> Usage:
    """Sum over the living processes of a process group; zero when there are none."""
    total = Usage()
    for fields in _members(group):
        ticks = sum(int(value) for value in fields[_UTIME : _CSTIME + 1])
        total += Usage(ticks / _TICKS, int(fields[_RSS]) * _PAGE)
    return total


def group_resident_bytes(group: int) -> int:
    """Resident memory of a process group as /proc/PID/status tells it: exact, where `stat` may lag behind."""
    kilobytes = 0
    for entry in _group(group):
        with contextlib.suppress(OSError):  # it ended meanwhile
            text = (entry / "status").read_text(encoding="utf-8", errors="replace")
            kilobytes += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS:"))
    return kilobytes * 1024


def group_lives(group: int) -> bool:
    """Whether a process of the group still runs; one that only waits for its parent to look does not."""
    return any(fields[_STATE] not in "ZX" for fields in _members(group))


def machine_cpu_seconds() -> float:
    """CPU seconds that anything on this machine has used since it was started, over all cores."""
    with Path("/proc/stat").open(encoding="ascii") as file:
        user, nice, system, _idle, _iowait, irq, softirq = (
            int(word) for word in file.readline().split()[1:8]
        )
    return (user + nice + system + irq + softirq) / _TICKS


def _members(group: int) -> Iterator[list[str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(entry)
            if fields is not None and int(fields[_GROUP]) == group:
                yield fields


def _group(group: int) -> Iterator[Path]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(entry)
            if fields is not None and int(fields[_GROUP]) == group:
                yield entry


def _stat(process: Path) -> list[str] | None:
    try:
        text = (process / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it ended meanwhile
        return None
    return text.rpartition(")")[2].split()
