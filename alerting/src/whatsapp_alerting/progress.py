"""How far a long command is, on a terminal."""

import sys
from typing import TextIO


class Progress:
    """A line that is written over; nothing where nobody looks."""

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty()

    def __call__(self, done: int, of: int) -> None:
        """Show how many of all are done; the line goes away with the last."""
        if self._shown:
            line = f"{self._what}: {done} of {of}"
            self._stream.write(f"\r{line}" if done < of else f"\r{' ' * len(line)}\r")
            self._stream.flush()
