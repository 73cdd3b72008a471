"""Processes that are started, awaited, measured, killed and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from whatsapp_stack.daemon import Daemon
from whatsapp_stack.errors import StackError

READY = """
import os, signal, socket, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
signal.signal(signal.SIGTERM, lambda *_: (child.kill(), sys.exit(7)))
deadline = time.process_time() + 0.2
while time.process_time() < deadline:
    pass
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
    channel.sendto(b"READY=1", "\\0" + os.environ["NOTIFY_SOCKET"][1:])
signal.pause()
"""


def _daemon(code: str, folder: Path) -> Daemon:
    return Daemon("thing", (sys.executable, "-c", code), {"PATH": os.environ["PATH"]}, folder / "thing.log")


def _children(daemon: Daemon) -> list[int]:
    return [int(line.split()[1]) for line in daemon.log.read_text().splitlines()]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def test_kill_ends_the_whole_group_and_usage_adds_up(tmp_path: Path) -> None:
    daemon = _daemon(READY, tmp_path)
    try:
        await daemon.start(seconds=20)
        assert daemon.is_running()
        first = daemon.usage()
        assert first.cpu_seconds >= 0.19
        assert first.rss_bytes > 2_000_000
        daemon.kill()
        assert not daemon.is_running()
        await daemon.start(seconds=20)
        assert daemon.usage().cpu_seconds >= first.cpu_seconds + 0.19
        assert daemon.starts == 2
    finally:
        daemon.kill()
    assert daemon.usage().rss_bytes == 0
    children = _children(daemon)
    assert len(children) == 2
    assert not any(_lives(child) for child in children)


async def test_the_end_of_the_harness_ends_its_daemons(tmp_path: Path) -> None:
    """Also by SIGKILL, which lets it do nothing more."""
    code = """
import asyncio, os, signal, sys
from pathlib import Path
from whatsapp_stack.daemon import Daemon
code, log = sys.argv[1:]
daemons = [Daemon(str(n), (sys.executable, "-c", code), dict(os.environ), Path(log)) for n in range(3)]
async def main():
    for daemon in daemons:
        await daemon.start()
    daemons[1].kill()
asyncio.run(main())
os.kill(os.getpid(), signal.SIGKILL)
"""
    log = tmp_path / "thing.log"
    harness = await asyncio.create_subprocess_exec(sys.executable, "-c", code, READY, str(log))
    assert await asyncio.wait_for(harness.wait(), 30) == -signal.SIGKILL
    children = [int(line.split()[1]) for line in log.read_text().splitlines()]
    assert len(children) == 3
    async with asyncio.timeout(10):
        while any(_lives(child) for child in children):  # noqa: ASYNC110 - strangers, by now
            await asyncio.sleep(0.02)


async def test_stop_gives_the_exit_status(tmp_path: Path) -> None:
    daemon = _daemon(READY, tmp_path)
    await daemon.start(seconds=20)
    assert await daemon.stop(seconds=10) == 7
    with pytest.raises(StackError, match="thing does not run"):
        await daemon.stop()


async def test_a_start_that_fails_tells_why(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"thing ended with 3 at its start:\n  no database"):
        await _daemon("import sys; print('no database'); sys.exit(3)", tmp_path).start(seconds=20)
    daemon = _daemon("import time; time.sleep(600)", tmp_path)
    with pytest.raises(StackError, match=r"thing was not ready after 0\.3 s"):
        await daemon.start(seconds=0.3)
    assert not daemon.is_running()
