"""A warning for secrets in files that every user of the host can read."""

import logging
import stat
from pathlib import Path

logger = logging.getLogger(__name__)


class WorldReadableWarning:
    """Warns once for each file, and again only after it was mended in between."""

    def __init__(self) -> None:
        self._warned: set[Path] = set()

    def look_at(self, path: Path) -> None:
        """Warn when the file's mode lets everybody read it."""
        try:
            mode = path.stat().st_mode
        except OSError:
            return
        if not mode & stat.S_IROTH:
            self._warned.discard(path)
        elif path not in self._warned:
            self._warned.add(path)
            logger.warning(
                "%s holds a secret and everybody can read it (mode %04o)", path, stat.S_IMODE(mode)
            )
