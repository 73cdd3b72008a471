"""Time compressed: the same rules and routes with every duration divided, to rehearse faults in minutes.

What waits is divided: `for`, `keep_firing_for`, evaluation intervals, the ranges and offsets of conditions,
and Alertmanager's waits and cooldowns. What names something stays: the label `cooldown` that the routes
match, and the names of recorded series (`ratio1h` then looks at six minutes). Thresholds stay too, those in
seconds as well: an installation that rehearses gives its own. Scrape intervals are Prometheus'
configuration, and have to be divided there.
"""

import re
from collections.abc import Mapping

from whatsapp_alerting.duration import parse_duration

LARGEST = 60
"""Beyond this a scrape interval of 15 s would be under a quarter of a second."""

_WAITS = frozenset(
    {
        "for",
        "keep_firing_for",
        "interval",
        "group_wait",
        "group_interval",
        "repeat_interval",
        "resolve_timeout",
    }
)
_DURATION = r"(?:[0-9]+[dhms])+"
_IN_EXPRESSION = re.compile(
    rf"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)"""
    rf"""|\[\s*(?P<range>{_DURATION})\s*(?P<colon>:)?\s*(?P<step>{_DURATION})?\s*\]"""
    rf"""|\boffset\s+(?P<sign>-?)(?P<offset>{_DURATION})"""
)


def compressed(document: Mapping[str, object], factor: int) -> dict[str, object]:
    """Return a rule file's or Alertmanager's document with its durations divided, those in PromQL too."""
    return _mapping(document, factor) if factor > 1 else dict(document)


def compressed_duration(seconds: int, factor: int) -> str:
    """Return the duration divided, in whole milliseconds."""
    milliseconds = round(1000 * seconds / factor)
    whole, rest = divmod(milliseconds, 1000)
    if rest:
        return f"{milliseconds}ms"
    return f"{whole}s"


def compressed_expression(expression: str, factor: int) -> str:
    """Return the PromQL with its ranges, steps and offsets divided; texts in it stay as they are."""

    def divided(match: re.Match[str]) -> str:
        if match["text"] is not None:
            return match[0]
        if match["offset"] is not None:
            return f"offset {match['sign']}{_divide(match['offset'], factor)}"
        step = "" if match["step"] is None else _divide(match["step"], factor)
        return f"[{_divide(match['range'], factor)}{':' if match['colon'] else ''}{step}]"

    return _IN_EXPRESSION.sub(divided, expression)


def _mapping(document: Mapping[str, object], factor: int) -> dict[str, object]:
    return {key: _value(key, value, factor) for key, value in document.items()}


def _value(key: str, value: object, factor: int) -> object:
    match value:
        case str() if key in _WAITS:
            return _divide(value, factor)
        case str() if key == "expr":
            return compressed_expression(value, factor)
        case dict() if key not in {"labels", "annotations"}:
            return _mapping(value, factor)
        case list():
            return [_value(key, one, factor) if isinstance(one, dict) else one for one in value]
        case _:
            return value


def _divide(text: str, factor: int) -> str:
    return compressed_duration(parse_duration(text), factor)
