"""Reading the configuration again while running."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from whatsapp_exporter.config import Config
from whatsapp_exporter.yaml_file import ConfigError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReloadStatus:
    """How it went.

    `successful_at`: Unix time at which the configuration in force was read. `error`: why the newest file is
    not in force (None: it is).
    """

    successful_at: float
    error: str | None = None


class Reloader:
    """Holds the configuration in force.

    `read` reads the files (ConfigError: not usable, and nothing changes); `apply` puts what it gave in force.
    """

    def __init__(
        self,
        config: Config,
        *,
        read: Callable[[], Config],
        apply: Callable[[Config], None],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.status = ReloadStatus(wall())
        self._read = read
        self._apply = apply
        self._wall = wall
        self._turn = asyncio.Lock()

    async def reload(self) -> None:
        """Read the files and put them in force. Raises ConfigError; then what was in force stays so."""
        async with self._turn:
            try:
                config = await asyncio.to_thread(self._read)
                self._apply(config)
            except ConfigError as error:
                self.status = ReloadStatus(self.status.successful_at, str(error))
                logger.error("the configuration was not reloaded: %s", error)  # noqa: TRY400 - told in one line
                raise
            self.config = config
            self.status = ReloadStatus(self._wall())
            logger.info("the configuration was reloaded")
