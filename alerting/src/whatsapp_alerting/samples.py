"""The course of a test series, and how promtool writes it.

A level is what a series does for a while: `5` stays at 5, `inf` at infinity, `counter 0.2` grows by 0.2 a
second (`counter 0.2 from 100`: its first sample is 100 instead of 0), `absent` has no samples. Numbers may be
arithmetic with `${threshold}`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whatsapp_alerting.arithmetic import evaluate
from whatsapp_alerting.promql import format_number

ABSENT_WORD = "absent"
INFINITY_WORD = "inf"
_COUNTER_WORD = "counter "
_START_WORD = " from "
_DIGITS = 6
"""Digits after the point of a counter's steps; promtool adds them up as floats."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The series stays at `value`."""

    value: float


@dataclass(frozen=True, slots=True)
class Growing:
    """The series, a counter, grows by `rate` a second."""

    rate: float
    start: float = 0
    """Its first sample, when it had none before."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The series has no samples."""


Level = Constant | Growing | Absent


def parse_level(text: str, thresholds: Mapping[str, float]) -> Level:
    """Read a level.

    Raises:
        ValueError: it is none.
        KeyError: a name has no threshold.
    """
    if text.strip() == ABSENT_WORD:
        return Absent()
    if text.strip() == INFINITY_WORD:
        return Constant(math.inf)
    if text.startswith(_COUNTER_WORD):
        growth, has_start, start = text.removeprefix(_COUNTER_WORD).partition(_START_WORD)
        rate = evaluate(growth, thresholds)
        if rate < 0:
            raise ValueError(f"{text!r} is a counter that falls")
        return Growing(rate, evaluate(start, thresholds) if has_start else 0)
    return Constant(evaluate(text, thresholds))


@dataclass(frozen=True, slots=True)
class Span:
    """A level for a number of scrapes."""

    level: Level
    scrapes: int


def notation(spans: Sequence[Span], scrape: int, *, lost: Sequence[int] = ()) -> str:
    """Return the samples in promtool's notation, one each `scrape` seconds.

    The scrapes with the numbers in `lost` fail: the series is stale at the first of them. A counter goes on
    from where it was, also over spans in which it is absent. It begins where its first level says.
    """
    written: list[str] = []
    count = next((span.level.start for span in spans if isinstance(span.level, Growing)), 0.0)
    number = 0
    for span in spans:
        for part, length, is_lost in _parts(span.scrapes, number, lost):
            count = _write(written, span.level, length, count, scrape, lost=is_lost)
            number = part + length
    return " ".join(written)


def _parts(scrapes: int, first: int, lost: Sequence[int]) -> list[tuple[int, int, bool]]:
    """Cut the scrapes from `first` on into runs that are lost and runs that are not: start, length, lost."""
    runs: list[tuple[int, int, bool]] = []
    for number in range(first, first + scrapes):
        is_lost = number in lost
        if runs and runs[-1][2] == is_lost:
            start, length, _ = runs[-1]
            runs[-1] = (start, length + 1, is_lost)
        else:
            runs.append((number, 1, is_lost))
    return runs


def _write(written: list[str], level: Level, length: int, count: float, scrape: int, *, lost: bool) -> float:
    """Append a run; return where a counter is after it."""
    step = level.rate * scrape if isinstance(level, Growing) else 0.0
    after = count + step * length
    if lost:
        written.append("stale" if length == 1 else f"stale _x{length - 1}")
        return after
    match level:
        case Absent():
            written.append(f"_x{length}")
        case Constant(value):
            if math.isinf(value):
                # promtool takes `Infx9` for a word.
                written += ["Inf"] * length
            else:
                # `AxN` stands for N + 1 samples.
                written.append(f"{format_number(value)}x{length - 1}")
        case Growing():
            start, growth = round(count, _DIGITS), round(step, _DIGITS)
            written.append(f"{format_number(start)}+{format_number(growth)}x{length - 1}")
    return after
