"""Whether files changed since they were read."""

from collections.abc import Callable, Iterable
from pathlib import Path

LOOK_INTERVAL_SECONDS = 1.0

_Stamp = tuple[int, int, int, int, int]


class FileWatch:
    """Looks at the files' metadata, at most once a second. `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._stamps: dict[Path, _Stamp | None] = {}
        self._next_look = monotonic()

    def begin(self, paths: Iterable[Path]) -> None:
        """Watch these files from now on. To be called before they are read, so that no change is missed."""
        self._stamps = {path: _stamp(path) for path in paths}
        self._next_look = self._monotonic() + LOOK_INTERVAL_SECONDS

    def changed(self) -> bool:
        """Return whether one was changed, came or went since `begin`; false when asked too soon."""
        now = self._monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_INTERVAL_SECONDS
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    # The time of the last change of mode counts too: a file that could not be read may have become readable.
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
