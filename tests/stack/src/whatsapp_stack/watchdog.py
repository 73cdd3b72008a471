"""Ends the daemons when their parent is gone, however it went: a killed test run leaves nothing behind."""

from __future__ import annotations

import atexit
import functools
import subprocess
from typing import Final

# Reads "+ GROUP" and "- GROUP"; when the pipe ends, because its only writer ended, it kills what is left.
_SCRIPT: Final = """
groups=' '
while read -r sign group; do
    if [ "$sign" = + ]; then
        groups="$groups$group "
    else
        groups="${groups%% "$group" *} ${groups#* "$group" }"
    fi
done
for group in $groups; do kill -s KILL -- "-$group"; done
"""


class Watchdog:
    """A shell of its own session at the other end of a pipe."""

    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            bufsize=1,
        )

    def watch(self, group: int) -> None:
        """Kill this process group when we end."""
        self._tell(f"+ {group}")

    def forget(self, group: int) -> None:
        """It has ended; its number may be another's soon."""
        self._tell(f"- {group}")

    def close(self) -> None:
        """Let it do its work now."""
        if self._shell.stdin is not None:
            self._shell.stdin.close()
        self._shell.wait()

    def _tell(self, line: str) -> None:
        if self._shell.stdin is not None:
            self._shell.stdin.write(line + "\n")


@functools.cache
def watchdog() -> Watchdog:
    """The one of this process, started when it is first needed."""
    dog = Watchdog()
    atexit.register(dog.close)
    return dog
