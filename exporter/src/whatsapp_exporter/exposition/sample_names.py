"""What stands before the values: comments on top of a family, names and labels of each line.

Names of metrics and labels are taken as they are: the catalogue's follow Prometheus' classic rules.
"""

from collections.abc import Container, Iterable, Sequence
from typing import TypeVar

from whatsapp_exporter.exposition.number_text import number_text
from whatsapp_exporter.family import LabelValues
from whatsapp_exporter.metrics.definition import Kind, MetricDefinition

_FEW = 64
_Known = TypeVar("_Known")


def comments(definition: MetricDefinition, kind: Kind, *, openmetrics: bool) -> str:
    """Return the HELP, TYPE and, in OpenMetrics, UNIT lines."""
    base = _base_name(definition, kind)
    text = definition.help.replace("\\", r"\\").replace("\n", r"\n")
    if not openmetrics:
        name = f"{base}_total" if kind is Kind.COUNTER else base
        return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
    text = text.replace('"', r"\"")
    unit = f"# UNIT {base} {definition.unit}\n" if has_unit(definition) else ""
    return f"# HELP {base} {text}\n# TYPE {base} {kind}\n{unit}"


def has_unit(definition: MetricDefinition) -> bool:
    """Return whether the name says the unit, as OpenMetrics demands of one that is declared."""
    base = _base_name(definition, definition.kind)
    return bool(definition.unit) and base.endswith(f"_{definition.unit}")


class ValueNames:
    """`\\nname{labels} ` of counters and gauges, each made once. Safe to use from several threads."""

    def __init__(self, definition: MetricDefinition, kind: Kind) -> None:
        self._labels = definition.labels
        self._name = _base_name(definition, kind) + ("_total" if kind is Kind.COUNTER else "")
        self._known: dict[LabelValues, str] = {}

    def of(self, series: Sequence[LabelValues]) -> list[str]:
        """Return those of the label sets, in their order."""
        try:
            return list(map(self._known.__getitem__, series))
        except KeyError:
            return [self._known.get(values) or self._make(values) for values in series]

    def forget(self, shown: Container[LabelValues], count: int) -> None:
        """Keep only those of the `count` label sets that are shown, once there are twice as many."""
        _forget(self._known, shown, count)

    def _make(self, values: LabelValues) -> str:
        made = self._known[values] = _line_start(self._name, _pairs(self._labels, values))
        return made


class BucketNames:
    """Those of histograms: of each bucket, the count and the sum. Safe to use from several threads."""

    def __init__(self, definition: MetricDefinition) -> None:
        self._labels = definition.labels
        self._name = definition.name
        self._known: dict[LabelValues, tuple[tuple[float, ...], tuple[str, ...]]] = {}

    def of(self, values: LabelValues, bounds: tuple[float, ...]) -> tuple[str, ...]:
        """Return those of one label set: a bucket for each bound and `+Inf`, then the count and the sum.

        With a negative bound there is neither count nor sum, as in the client library.
        """
        known = self._known.get(values)
        if known is not None and known[0] == bounds:
            return known[1]
        pairs = _pairs(self._labels, values)
        limits = [*map(number_text, bounds), "+Inf"]
        names = [_line_start(f"{self._name}_bucket", {**pairs, "le": limit}) for limit in limits]
        if not bounds or bounds[0] >= 0:
            names += [_line_start(f"{self._name}_{end}", pairs) for end in ("count", "sum")]
        self._known[values] = bounds, tuple(names)
        return tuple(names)

    def forget(self, shown: Container[LabelValues], count: int) -> None:
        """Keep only those of the `count` label sets that are shown, once there are twice as many."""
        _forget(self._known, shown, count)


def _base_name(definition: MetricDefinition, kind: Kind) -> str:
    return definition.name.removesuffix("_total") if kind is Kind.COUNTER else definition.name


def _pairs(labels: Iterable[str], values: LabelValues) -> dict[str, str]:
    return dict(zip(labels, values, strict=False))


def _line_start(name: str, pairs: dict[str, str]) -> str:
    if not pairs:
        return f"\n{name} "
    text = ",".join([f'{label}="{_escaped(pairs[label])}"' for label in sorted(pairs)])
    return f"\n{name}{{{text}}} "


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _forget(known: dict[LabelValues, _Known], shown: Container[LabelValues], count: int) -> None:
    if len(known) <= 2 * count + _FEW:
        return
    # One by one: throwing away many at once would hold every thread up.
    for values in list(known):
        if values not in shown:
            known.pop(values, None)
