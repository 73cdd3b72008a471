"""What can go wrong with the lab, told in one line."""

from __future__ import annotations


class LabError(Exception):
    """A fault that the person at the terminal can mend; its text names the thing and the fix."""
