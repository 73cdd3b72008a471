"""A metric family with the values of one scrape: what collectors give and the exposition renders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from whatsapp_exporter.metrics.definition import Kind, MetricDefinition

LabelValues = tuple[str, ...]
"""In the order of the definition's labels."""


@dataclass(frozen=True, slots=True)
class Family:
    """A counter or gauge. Series keep the order of `samples`. Not changed once made."""

    definition: MetricDefinition
    samples: Mapping[LabelValues, float]

    @property
    def series(self) -> int:
        """How many label sets it has."""
        return len(self.samples)


@dataclass(frozen=True, slots=True)
class Buckets:
    """A histogram's values: cumulative `counts`, one for each ascending bound and one for `+Inf`."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    total: float
    """Sum of what was observed, in the metric's unit."""


@dataclass(frozen=True, slots=True)
class HistogramFamily:
    """A classic histogram. Not changed once made."""

    definition: MetricDefinition
    samples: Mapping[LabelValues, Buckets]

    @property
    def series(self) -> int:
        """How many label sets it has."""
        return len(self.samples)


AnyFamily = Family | HistogramFamily


def family(definition: MetricDefinition, samples: Iterable[tuple[Sequence[str], float]]) -> Family:
    """Build a family from (label values, value) pairs. Raises ValueError for a histogram's definition."""
    if definition.kind is Kind.HISTOGRAM:
        raise ValueError(f"{definition.name}: a histogram cannot be built from single values")
    return Family(definition, {tuple(values): float(value) for values, value in samples})


def single(definition: MetricDefinition, value: float) -> Family:
    """Build the family of a metric without labels."""
    return family(definition, [((), value)])


def states(
    definition: MetricDefinition,
    current: Mapping[LabelValues, str],
    known: Mapping[LabelValues, Sequence[str]],
) -> Family:
    """Build 0/1 series over all known states of each object; a state that is not known gets one of its own.

    `current` and `known` go by the object's label values; the state is the definition's last label.
    """
    samples: dict[LabelValues, float] = {}
    for labels, state in current.items():
        options = known.get(labels, ())
        for option in options if state in options else (*options, state):
            samples[*labels, option] = float(option == state)
    return Family(definition, samples)
