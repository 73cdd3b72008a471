"""Render pages: the text format and OpenMetrics, byte for byte as Prometheus' client library does."""

from collections.abc import Iterable, Iterator, Sequence

from whatsapp_exporter.exposition.family_text import FamilyText, Piece
from whatsapp_exporter.exposition.gzip_stream import Deflated, deflate, gzip_stream
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.family import AnyFamily
from whatsapp_exporter.metrics.definition import MetricDefinition

_END = b"# EOF\n"
_TOGETHER_BYTES = 65_536
"""Short families are compressed together, up to so much text."""


class PageEncoder:
    """Renders pages; remembers of the last one what the next can use. Safe to use from several threads."""

    def __init__(self) -> None:
        self._families: dict[tuple[type[AnyFamily], MetricDefinition], FamilyText] = {}

    def encode(self, families: Sequence[AnyFamily], form: Form, *, gzip: bool) -> bytes:
        """Return the page's bytes, a whole gzip file with `gzip`.

        Meant for a thread of its own: other threads run meanwhile. Raises ValueError for a histogram whose
        counts do not fit its bounds.
        """
        openmetrics = form is not Form.TEXT
        before, now = self._families, dict[tuple[type[AnyFamily], MetricDefinition], FamilyText]()
        pieces: list[Piece] = []
        for one in families:
            key = type(one), one.definition
            renderer = now[key] = now.get(key) or before.get(key) or FamilyText(one.definition)
            pieces += renderer.pieces(one, openmetrics=openmetrics, gzip=gzip)
        self._families = now
        if openmetrics:
            pieces.append(_END)
        return gzip_stream(_deflated(pieces)) if gzip else b"".join(_plain(pieces))


def _deflated(pieces: Iterable[Piece]) -> Iterator[Deflated]:
    """Compress what is not yet, as much as stands together."""
    short: list[bytes] = []
    length = 0
    for piece in pieces:
        if not isinstance(piece, Deflated):
            short.append(piece)
            length += len(piece)
        if short and (isinstance(piece, Deflated) or length >= _TOGETHER_BYTES):
            yield deflate(b"".join(short))
            short, length = [], 0
        if isinstance(piece, Deflated):
            yield piece
    if short:
        yield deflate(b"".join(short))


def _plain(pieces: Iterable[Piece]) -> Iterator[bytes]:
    for piece in pieces:
        assert not isinstance(piece, Deflated)
        yield piece
