"""A family's lines, with what can be used again when it is shown the next time."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from whatsapp_exporter.exposition.gzip_stream import Deflated, deflate
from whatsapp_exporter.exposition.number_text import number_texts
from whatsapp_exporter.exposition.sample_names import BucketNames, ValueNames, comments
from whatsapp_exporter.family import AnyFamily, Family, HistogramFamily, LabelValues
from whatsapp_exporter.metrics.definition import Kind, MetricDefinition

Piece = bytes | Deflated
"""Of a page. On a compressed page, text that is too short to be worth compressing alone stays as it is."""

_SERIES_OF_BLOCK = 2_000
"""A step of the work on a block is one call that no other thread interrupts: a millisecond at most."""
_HISTOGRAMS_OF_BLOCK = 100
_LONG_TEXT_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines in a row: what they were made of and what was made of them."""

    series: Sequence[LabelValues]
    names: Sequence[str]
    values: bytes
    piece: Piece


@dataclass(frozen=True, slots=True)
class _Shown:
    family: AnyFamily
    openmetrics: bool
    gzip: bool
    blocks: list[_Block]


_Lines = tuple[Sequence[LabelValues], Sequence[str], "array[float]"]
"""Label sets, the beginnings of their lines and the values of the lines."""


class FamilyText:
    """Renders one metric's families. Safe to use from several threads: what is known is replaced at once."""

    def __init__(self, definition: MetricDefinition) -> None:
        self._definition = definition
        self._kind = Kind.COUNTER if definition.kind is Kind.COUNTER else Kind.GAUGE
        self._names = ValueNames(definition, self._kind)
        self._bucket_names = BucketNames(definition)
        self._shown: _Shown | None = None

    def pieces(self, family: AnyFamily, *, openmetrics: bool, gzip: bool) -> list[Piece]:
        """Return the family's part of the page.

        The very same family again costs nothing; of another one, blocks of lines with the same values are
        used again. Raises ValueError when a histogram has not one count for each bound and one more.
        """
        shown = self._shown
        same_page = shown is not None and shown.openmetrics == openmetrics and shown.gzip == gzip
        if shown is None or not (same_page and shown.family is family):
            before = shown.blocks if shown is not None else []
            blocks = list(self._blocks(family, before, same_page, openmetrics, gzip))
            shown = self._shown = _Shown(family, openmetrics, gzip, blocks)
            names = self._names if isinstance(family, Family) else self._bucket_names
            names.forget(family.samples, family.series)
        return [block.piece for block in shown.blocks]

    def _blocks(
        self, family: AnyFamily, before: Sequence[_Block], same_page: bool, openmetrics: bool, gzip: bool
    ) -> Iterator[_Block]:
        kind = self._kind if isinstance(family, Family) else Kind.HISTOGRAM
        above = comments(self._definition, kind, openmetrics=openmetrics)
        for number, (series, names, values) in enumerate(self._lines(family, before)):
            old = before[number] if same_page and number < len(before) else None
            bits = values.tobytes()  # compared bit by bit: -0.0 is not 0.0, NaN is NaN
            if old is not None and old.values == bits and old.names == names:
                yield old
            else:
                text = f"{above if number == 0 else ''}{_text(names, values)}"
                yield _Block(series, names, bits, _piece(text, gzip))

    def _lines(self, family: AnyFamily, before: Sequence[_Block]) -> Iterator[_Lines]:
        """Yield the lines of each block; at least one block, for the comments."""
        if isinstance(family, HistogramFamily):
            yield from self._bucket_lines(family)
            return
        keys, numbers, number = iter(family.samples), iter(family.samples.values()), 0
        while (series := list(islice(keys, _SERIES_OF_BLOCK))) or number == 0:
            values = array("d", list(islice(numbers, _SERIES_OF_BLOCK)))
            if number < len(before) and before[number].series == series:
                yield series, before[number].names, values
            else:
                yield series, self._names.of(series), values
            number += 1

    def _bucket_lines(self, family: HistogramFamily) -> Iterator[_Lines]:
        samples, number = iter(family.samples.items()), 0
        while (chosen := list(islice(samples, _HISTOGRAMS_OF_BLOCK))) or number == 0:
            names: list[str] = []
            values = array("d")
            for labels, buckets in chosen:
                if len(buckets.counts) != len(buckets.bounds) + 1:
                    raise ValueError(
                        f"{self._definition.name}: a count for each bound and one more are needed"
                    )
                made = self._bucket_names.of(labels, buckets.bounds)
                names += made
                values.extend(buckets.counts)
                if len(made) > len(buckets.counts):
                    values.extend((buckets.counts[-1], buckets.total))
            yield [labels for labels, _ in chosen], names, values
            number += 1


def _text(names: Sequence[str], values: "array[float]") -> str:
    if not names:
        return ""
    parts = [""] * (2 * len(names))
    parts[0::2] = names
    parts[1::2] = number_texts(values)
    # Each name begins with the line's end of the one before, which saves a third part of each line.
    parts[0] = parts[0][1:]
    parts.append("\n")
    return "".join(parts)


def _piece(text: str, gzip: bool) -> Piece:
    # Half a surrogate pair, which JSON can bring along, is not worth the whole page.
    data = text.encode(errors="replace")
    return deflate(data) if gzip and len(data) >= _LONG_TEXT_BYTES else data
