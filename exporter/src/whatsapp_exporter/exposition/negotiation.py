"""What the client of a page wants: which format, and whether compressed (RFC 9110, section 12)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MAX_HEADER_LENGTH = 2_000
"""What a header has beyond is not looked at; Prometheus sends about 300 characters."""
_QUALITY = re.compile(r"0?\.[0-9]+|0\.?|1(\.0*)?")


class Form(StrEnum):
    """The formats; the value is the page's Content-Type.

    Pages of both versions of OpenMetrics are the same.
    """

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    OPENMETRICS_0_0_1 = "application/openmetrics-text; version=0.0.1; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Offer:
    form: Form
    media: str
    version: str


_OFFERS = (
    _Offer(Form.TEXT, "text/plain", "0.0.4"),
    _Offer(Form.OPENMETRICS, "application/openmetrics-text", "1.0.0"),
    _Offer(Form.OPENMETRICS_0_0_1, "application/openmetrics-text", "0.0.1"),
)


@dataclass(frozen=True, slots=True)
class _Choice:
    """An element of a header: `value` is a range of media types or a content coding, in lower case."""

    value: str
    parameters: dict[str, str]
    quality: float
    position: int

    def precision(self, offer: _Offer) -> int:
        """Return how exactly it names the offer; 0: not at all.

        Of the parameters only the version counts: `escaping`, which Prometheus 3 sends, makes no difference
        to names of classic characters, and the pages are always UTF-8.
        """
        if self.value == offer.media:
            version = self.parameters.get("version")
            return 3 if version is None else 4 * (version == offer.version)
        if self.value == f"{offer.media.partition('/')[0]}/*":
            return 2
        return int(self.value == "*/*")


def negotiate(accept: str) -> Form:
    """Return the format that the Accept header likes best.

    What names a format most exactly decides on it. Of formats that are liked equally one that is named goes
    before one that only a wildcard admits, then the order in the header counts. A header that admits none of
    them gets the text format, which everybody reads.
    """
    choices = list(_choices(accept))
    best, best_rank = Form.TEXT, (0.0, False, 0)
    for offer in _OFFERS:
        said = [(one.precision(offer), one.quality, -one.position) for one in choices]
        precision, quality, place = max(said, default=(0, 0.0, 0))
        rank = (quality, precision > 2, place)
        if precision and quality and rank > best_rank:
            best, best_rank = offer.form, rank
    return best


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether the Accept-Encoding header admits gzip and does not like an uncompressed page better.

    One that only excludes the uncompressed page (`identity;q=0`) gets gzip.
    """
    said = {one.value.replace("x-gzip", "gzip"): one.quality for one in _choices(accept_encoding)}
    others = said.get("*")
    gzip, identity = said.get("gzip", others), said.get("identity", others)
    if gzip is None:
        return identity == 0
    return gzip > 0 and (identity is None or gzip >= identity)


def _choices(header: str) -> Iterator[_Choice]:
    """Yield the elements of a header; those whose quality is nonsense are left out."""
    if len(header) > MAX_HEADER_LENGTH:
        header = header[:MAX_HEADER_LENGTH].rpartition(",")[0]
    for position, element in enumerate(header.lower().split(",")):
        value, *parts = (part.strip() for part in element.split(";"))
        pairs = (part.partition("=")[::2] for part in parts)
        parameters = {name.strip(): text.strip().strip('"') for name, text in pairs}
        quality = parameters.pop("q", "1")
        if value and _QUALITY.fullmatch(quality):
            yield _Choice(value, parameters, float(quality), position)
