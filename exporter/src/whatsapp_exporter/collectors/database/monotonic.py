"""Counters that never go back, also when the database does: a restore puts an earlier state in its place.

To Prometheus a counter that falls has begun again at 0, so that `increase` over a restore would be nearly the
whole count. Here a fall of what the database says (raw) is added to the series' offset, and raw + offset is
shown: it stands still over the restore and grows from there by what the database grows. What happened between
the last look and the restore, or between the restore and the next look, is in no number and is not counted.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from whatsapp_exporter.family import AnyFamily, Buckets, Family, HistogramFamily, LabelValues
from whatsapp_exporter.metrics.definition import Kind

MAX_SERIES = 50_000
"""Series that are remembered, buckets included; what comes later is shown as it is."""
_UNITS_PER_SECOND = 1000
"""Sums are kept in milliseconds, as the database rounds them: whole numbers add up exactly."""
_SUM = "sum"

Part = tuple[str, ...]
"""Label values; of a histogram's buckets followed by the bound, of its sum by `sum`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A series: the last raw value and what is added to it. Neither is negative."""

    raw: int
    offset: int

    @property
    def shown(self) -> int:
        """The value for Prometheus."""
        return self.raw + self.offset

    def after(self, raw: int) -> "Entry":
        """Return the entry after the next look."""
        return Entry(raw, self.offset + max(0, self.raw - raw))


Entries = dict[str, dict[Part, Entry]]
"""By the metric's name."""


class MonotonicCounters:
    """Remembers every counter and bucket that it was shown."""

    def __init__(self, entries: Entries | None = None, *, max_series: int = MAX_SERIES) -> None:
        self._entries: Entries = {} if entries is None else {name: dict(one) for name, one in entries.items()}
        self._room = max_series - sum(len(one) for one in self._entries.values())
        self.changed = False
        """Whether a raw value changed since `entries` was last called."""
        self.fallen = 0
        """How many series fell at the last `apply`."""

    def entries(self) -> Entries:
        """Return a copy of what is to be kept."""
        self.changed = False
        return {name: dict(one) for name, one in self._entries.items()}

    def apply(self, families: Iterable[AnyFamily]) -> list[AnyFamily]:
        """Return the families with counters and histograms that go on from what was shown before.

        A series that is no longer there counts as 0 from now on, and goes on being shown.
        """
        self.fallen = 0
        return [self._applied(one) for one in families]

    def _applied(self, given: AnyFamily) -> AnyFamily:
        if isinstance(given, HistogramFamily):
            return self._histogram(given)
        if given.definition.kind is not Kind.COUNTER:
            return given
        raw = {labels: round(value) for labels, value in given.samples.items()}
        shown = self._observe(given.definition.name, raw, len(given.definition.labels))
        return Family(given.definition, {labels: float(value) for labels, value in shown.items()})

    def _histogram(self, given: HistogramFamily) -> HistogramFamily:
        width = len(given.definition.labels)
        raw: dict[Part, int] = {}
        for labels, buckets in given.samples.items():
            before = 0.0
            for bound, count in zip((*buckets.bounds, math.inf), buckets.counts, strict=True):
                raw[*labels, repr(bound)] = round(count - before)
                before = count
            raw[*labels, _SUM] = round(buckets.total * _UNITS_PER_SECOND)
        shown = self._observe(given.definition.name, raw, width + 1)
        return HistogramFamily(given.definition, _histograms(shown))

    def _observe(self, name: str, raw: Mapping[Part, int], width: int) -> dict[Part, int]:
        """Take the raw values and return those to show: the same series, then those that are gone."""
        known = self._entries.setdefault(name, {})
        shown: dict[Part, int] = {}
        for part, value in raw.items():
            shown[part] = self._step(known, part, value)
        for part in [part for part in known if part not in raw and len(part) == width]:
            shown[part] = self._step(known, part, 0)
        return shown

    def _step(self, known: dict[Part, Entry], part: Part, raw: int) -> int:
        last = known.get(part)
        if last is None:
            if self._room <= 0:
                return raw
            self._room -= 1
            known[part] = Entry(raw, 0)
            self.changed = True
            return raw
        if last.raw != raw:
            self.fallen += raw < last.raw
            self.changed = True
            last = known[part] = last.after(raw)
        return last.shown


def _histograms(shown: Mapping[Part, int]) -> dict[LabelValues, Buckets]:
    """Build the histograms anew from their buckets, so that counts stay cumulative whatever fell."""
    counts: dict[LabelValues, dict[float, int]] = {}
    sums: dict[LabelValues, int] = {}
    for (*labels, last), value in shown.items():
        if last == _SUM:
            sums[tuple(labels)] = value
        else:
            counts.setdefault(tuple(labels), {})[float(last)] = value
    return {
        labels: _cumulative(found, sums.get(labels, 0) / _UNITS_PER_SECOND)
        for labels, found in counts.items()
    }


def _cumulative(counts: Mapping[float, int], total: float) -> Buckets:
    bounds: Sequence[float] = sorted(bound for bound in counts if bound != math.inf)
    sums, cumulative = 0, []
    for bound in (*bounds, math.inf):
        sums += counts.get(bound, 0)
        cumulative.append(float(sums))
    return Buckets(tuple(bounds), tuple(cumulative), total)
