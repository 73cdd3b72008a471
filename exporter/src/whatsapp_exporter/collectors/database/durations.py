"""How long the stages take (`whatsapp_duraciones`)."""

import math
from collections import defaultdict
from itertools import accumulate

from whatsapp_exporter.collectors.database import metrics, queries
from whatsapp_exporter.collectors.database.answers import MAX_COUNT, AnswerError, Answers
from whatsapp_exporter.family import AnyFamily, Buckets, HistogramFamily

NO_BOUND = 1e18
"""What the last bucket of each name has as its bound."""
MAX_SUM = MAX_COUNT / 1000
"""Seconds; sums are kept in milliseconds (see monotonic)."""


def build(answers: Answers) -> list[AnyFamily]:
    """Return the histograms; those without buckets are left out. Raises AnswerError."""
    counts: defaultdict[str, dict[float, int]] = defaultdict(dict)
    sums: defaultdict[str, float] = defaultdict(float)
    for record in answers.rows(queries.DURATIONS):
        name, bound = record.text("nombre"), record.number("limite")
        bound = bound if bound < NO_BOUND else math.inf
        counts[name][bound] = counts[name].get(bound, 0) + record.count("total")
        sums[name] += record.number("suma")
        if sums[name] > MAX_SUM:
            raise record.wrong("suma", "is out of range")
    return [
        HistogramFamily(definition, {(): buckets_of(counts[name], sums[name])})
        for name, definition in metrics.DURATIONS.items()
        if name in counts
    ]


def buckets_of(counts: dict[float, int], total: float) -> Buckets:
    """Return a histogram's values from how many fell into each bucket, by its bound (infinity: none)."""
    bounds = sorted(bound for bound in counts if bound != math.inf)
    cumulative = tuple(accumulate([*(counts[bound] for bound in bounds), counts.get(math.inf, 0)]))
    if cumulative[-1] > MAX_COUNT:
        raise AnswerError(f"{queries.DURATIONS.name}: total is out of range")
    return Buckets(tuple(bounds), cumulative, total)
