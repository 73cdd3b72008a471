"""Durations as Prometheus and Alertmanager write them (`90s`, `4m30s`, `5h`), held as whole seconds."""

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_PATTERN = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"


def parse_duration(text: object) -> int:
    """Return the seconds that `text` stands for.

    Raises:
        ValueError: `text` is not a duration in days, hours, minutes and seconds, largest unit first.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = re.match(_PATTERN, text) if isinstance(text, str) and text else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 30s, 5m or 1h30m")
    parts = (part for part in match.groups() if part)
    factors = dict(_UNITS)
    return sum(int(part[:-1]) * factors[part[-1]] for part in parts)


def format_duration(seconds: int) -> str:
    """Return the shortest text that Prometheus reads back as `seconds`."""
    if seconds == 0:
        return "0s"
    written = []
    for unit, factor in _UNITS:
        if unit == "d":  # Hours keep 26h readable as 26h instead of 1d2h.
            continue
        count, seconds = divmod(seconds, factor)
        if count:
            written.append(f"{count}{unit}")
    return "".join(written)


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["30s", "5m", "1h30m"]}),
]
"""A pydantic field: written as text, held as whole seconds."""
