"""A fault that a check has found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of one entry: its field and what is wrong."""

    field: str
    reason: str
