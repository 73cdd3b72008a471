"""At most so many series in a family: what a mistake somewhere else makes many does not reach Prometheus."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from whatsapp_exporter.family import AnyFamily, Family, HistogramFamily, LabelValues


@dataclass(frozen=True, slots=True)
class CappedFamilies:
    """The families to show, and how many series of which metric were left out."""

    families: tuple[AnyFamily, ...]
    dropped: Mapping[str, int]


class SeriesCap:
    """Remembers which series it showed, so that those stay whatever order the source gives them in."""

    def __init__(self) -> None:
        self._shown: dict[str, frozenset[LabelValues]] = {}

    def cap(self, families: Sequence[AnyFamily], limit: int) -> CappedFamilies:
        """Keep `limit` series of each family; a family that has no more is passed on as it is."""
        kept: list[AnyFamily] = []
        dropped: dict[str, int] = {}
        remembered: dict[str, frozenset[LabelValues]] = {}
        for one in families:
            if one.series <= limit:
                kept.append(one)
                continue
            name = one.definition.name
            shown = _admit(one.samples, self._shown.get(name, frozenset()), limit)
            remembered[name] = shown
            dropped[name] = one.series - len(shown)
            kept.append(_only(one, shown))
        self._shown = remembered
        return CappedFamilies(tuple(kept), dropped)


def _admit(
    labels: Iterable[LabelValues], shown_before: frozenset[LabelValues], limit: int
) -> frozenset[LabelValues]:
    """Choose `limit` of the label sets: those shown before, then the first of the others."""
    ordered = list(labels)
    old = [one for one in ordered if one in shown_before]
    new = [one for one in ordered if one not in shown_before]
    return frozenset((old + new)[:limit])


def _only(one: AnyFamily, shown: frozenset[LabelValues]) -> AnyFamily:
    if isinstance(one, Family):
        return Family(one.definition, {key: value for key, value in one.samples.items() if key in shown})
    return HistogramFamily(one.definition, {key: value for key, value in one.samples.items() if key in shown})
