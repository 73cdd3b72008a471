"""At most so many series in a family: what a mistake somewhere else makes many does not reach Prometheus."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from whatsapp_exporter.family import AnyFamily, Family, HistogramFamily, LabelValues


@dataclass(frozen=True, slots=True)
class CappedFamilies:
    """The families to show, and how many series of which metric were left out."""

    families: tuple[AnyFamily, ...]
    dropped: Mapping[str, int]


class SeriesCap:
    """Remembers which series the last page showed: those stay, whatever order the source gives them in."""

    def __init__(self) -> None:
        self._shown: dict[str, Mapping[LabelValues, object]] = {}

    def cap(self, families: Sequence[AnyFamily], limit: int) -> CappedFamilies:
        """Keep `limit` series of each family; a family that has no more is passed on as it is.

        The series shown last time come first, in that order, then the others in the source's order. The work
        grows with `limit`, not with what is left out.
        """
        kept: list[AnyFamily] = []
        dropped: dict[str, int] = {}
        for one in families:
            if one.series <= limit:
                kept.append(one)
                continue
            name = one.definition.name
            kept.append(_only(one, _admitted(one.samples, self._shown.get(name, ()), limit)))
            dropped[name] = dropped.get(name, 0) + one.series - limit
        self._shown = {one.definition.name: one.samples for one in kept}
        return CappedFamilies(tuple(kept), dropped)


def _admitted(
    source: Mapping[LabelValues, object], shown_before: Iterable[LabelValues], limit: int
) -> list[LabelValues]:
    """Choose `limit` of the label sets."""
    staying = dict.fromkeys(islice((labels for labels in shown_before if labels in source), limit))
    new = islice((labels for labels in source if labels not in staying), limit - len(staying))
    return [*staying, *new]


def _only(one: AnyFamily, admitted: Iterable[LabelValues]) -> AnyFamily:
    if isinstance(one, Family):
        return Family(one.definition, {labels: one.samples[labels] for labels in admitted})
    return HistogramFamily(one.definition, {labels: one.samples[labels] for labels in admitted})
