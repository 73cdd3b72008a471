"""What can go wrong with a local stack, told in one line."""

from __future__ import annotations


class StackError(Exception):
    """A process did not do what the harness needs; the text names it and the reason."""
