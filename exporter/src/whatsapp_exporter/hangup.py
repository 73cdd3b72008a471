"""SIGHUP reloads the configuration, as for every daemon."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from whatsapp_exporter.reloading import Reloader
from whatsapp_exporter.yaml_file import ConfigError


@contextmanager
def reloading_on_hangup(reloader: Reloader) -> Iterator[None]:
    """Reload at each SIGHUP while the block runs. Needs the main thread's event loop."""
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        with suppress(ConfigError):  # told in the log and in a metric
            await reloader.reload()

    def begin() -> None:
        task = loop.create_task(reload(), name="reload")
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
