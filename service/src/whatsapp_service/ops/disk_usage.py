"""How full the disks are that the service writes to."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WARNING_PERCENT = 85.0
"""Above this a cleanup warns (manual: "Limpieza Automática")."""


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Usage of the file system that holds `path`, in bytes; `used_percent` is what ``df`` shows."""

    path: str
    total_bytes: int
    free_bytes: int
    used_percent: float

    @property
    def nearly_full(self) -> bool:
        """Whether it is above the manual's limit."""
        return self.used_percent > WARNING_PERCENT


def disk_usage(paths: Iterable[Path]) -> list[DiskUsage]:
    """One entry for each file system that holds one of the existing `paths`, in their order.

    Raises:
        OSError: a path exists but cannot be looked at.
    """
    found: dict[int, DiskUsage] = {}
    for path in paths:
        if not path.exists():
            continue
        device = path.stat().st_dev
        if device in found:
            continue
        total, used, free = shutil.disk_usage(path)
        # As df does: the root's reserve counts as neither used nor free.
        percent = 100.0 * used / (used + free) if used + free else 0.0
        found[device] = DiskUsage(str(path), total, free, percent)
    return list(found.values())
