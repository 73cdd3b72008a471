"""Turn families into the page that Prometheus asked for: its text format or OpenMetrics."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector as RegistryCollector

OPENMETRICS_TYPE = "application/openmetrics-text"
MAX_ACCEPT_LENGTH = 2_000


class _Families(RegistryCollector):
    """The one-scrape registry that the encoders of prometheus_client read from."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def prefers_openmetrics(accept: str) -> bool:
    """Return whether the Accept header puts OpenMetrics 1.x first (by `q`, as RFC 9110 says)."""
    openmetrics_quality = text_quality = 0.0
    for item in accept[:MAX_ACCEPT_LENGTH].split(","):
        media, *parameters = (part.strip() for part in item.split(";"))
        values = dict(part.partition("=")[::2] for part in parameters)
        try:
            quality = float(values.get("q", "1"))
        except ValueError:
            continue
        if media == OPENMETRICS_TYPE and values.get("version", "1.0.0") in {"0.0.1", "1.0.0"}:
            openmetrics_quality = max(openmetrics_quality, quality)
        elif media in {"text/plain", "text/*", "*/*"}:
            text_quality = max(text_quality, quality)
    return openmetrics_quality > 0 and openmetrics_quality >= text_quality


def render(families: Sequence[Metric], accept: str) -> tuple[bytes, str]:
    """Return the page and its Content-Type."""
    encode: Callable[[RegistryCollector], bytes] = generate_latest
    content_type = CONTENT_TYPE_PLAIN_0_0_4
    if prefers_openmetrics(accept):
        encode = openmetrics.generate_latest
        content_type = openmetrics.CONTENT_TYPE_LATEST
    return encode(_Families(families)), content_type
