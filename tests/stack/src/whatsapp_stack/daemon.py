"""One long-running command: started, awaited, measured, killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from whatsapp_stack.errors import StackError
from whatsapp_stack.procfs import Usage, group_lives, group_resident_bytes, group_usage
from whatsapp_stack.watchdog import watchdog

READY_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
_LOG_LINES: Final = 15


class Daemon:
    """A command in a process group of its own, as systemd keeps a unit: what it starts ends with it.

    It tells by sd_notify(3) that it is ready. Both its outputs are added to one file.
    """

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.starts = 0
        self._command = tuple(command)
        self._environ = dict(environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._earlier = Usage()

    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    async def start(self, *, seconds: float = READY_SECONDS) -> None:
        """Start it and wait until it says READY=1; raises StackError when it ends or takes longer."""
        if self.is_running():
            raise StackError(f"{self.name} runs already")
        self.starts += 1
        with _notifications() as (address, listener), self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns once it is forked
                self._command,
                env={**self._environ, "NOTIFY_SOCKET": address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            watchdog().watch(self._process.pid)
            try:
                async with asyncio.timeout(seconds):
                    await self._ready(self._process, listener)
            except TimeoutError as error:
                self.kill()
                raise StackError(
                    f"{self.name} was not ready after {seconds:g} s:{self.last_lines()}"
                ) from error
            except BaseException:
                self.kill()
                raise

    def kill(self) -> None:
        """SIGKILL to the whole group; returns when it is gone. One that was ended before stays ended."""
        if self._process is None:
            return
        self._note_usage()
        group = self._process.pid
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self._process.wait()
        # A worker that still holds the port would hinder the next start.
        while group_lives(group):
            time.sleep(0.005)
        watchdog().forget(group)
        self._process = None

    async def stop(self, *, seconds: float = READY_SECONDS) -> int:
        """SIGTERM to the main process; returns its exit status. Raises StackError when it goes on."""
        process = self._process
        if process is None or process.poll() is not None:
            raise StackError(f"{self.name} does not run:{self.last_lines()}")
        self._note_usage()
        process.terminate()
        try:
            return await asyncio.to_thread(process.wait, seconds)
        except subprocess.TimeoutExpired as error:
            raise StackError(f"{self.name} did not end within {seconds:g} s of SIGTERM") from error
        finally:
            self.kill()  # what it left in its group

    def usage(self) -> Usage:
        """CPU seconds of all its runs until now, and the resident bytes of the present one."""
        if self._process is None or self._process.poll() is not None:
            return self._earlier
        return self._earlier + group_usage(self._process.pid)

    def resident_bytes(self) -> int:
        """Exact resident memory of the present run; 0 when there is none."""
        return 0 if self._process is None else group_resident_bytes(self._process.pid)

    def last_lines(self) -> str:
        """The end of its log, to be put behind a message."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "".join(f"\n  {line}" for line in lines)

    async def _ready(self, process: subprocess.Popen[bytes], listener: socket.socket) -> None:
        said = asyncio.Event()

        def read() -> None:
            if listener.recv(4096).startswith(b"READY=1"):
                said.set()

        loop = asyncio.get_running_loop()
        loop.add_reader(listener, read)
        try:
            while not said.is_set():
                if process.poll() is not None:
                    raise StackError(
                        f"{self.name} ended with {process.returncode} at its start:{self.last_lines()}"
                    )
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(said.wait(), _POLL_SECONDS)
        finally:
            loop.remove_reader(listener)

    def _note_usage(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._earlier = Usage(self.usage().cpu_seconds)


@contextlib.contextmanager
def _notifications() -> Iterator[tuple[str, socket.socket]]:
    """Listen as a service manager; an abstract address, because a path may be too long for a socket."""
    address = f"whatsapp-stack-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.setblocking(False)
        listener.bind(f"\0{address}")
        yield f"@{address}", listener
