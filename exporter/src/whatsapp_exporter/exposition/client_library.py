"""The same pages by Prometheus' client library: what ours are compared with."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.sample_names import has_unit
from whatsapp_exporter.family import AnyFamily, HistogramFamily
from whatsapp_exporter.metrics.definition import Kind

_go_string: Callable[[float], str] = floatToGoString


class ClientLibraryFamilies(Collector):
    """Families in the library's own form; `page` renders them."""

    def __init__(self, families: Sequence[AnyFamily]) -> None:
        self._metrics = [_metric(one) for one in families]

    def collect(self) -> Iterable[Metric]:
        """Return the families."""
        return self._metrics

    def page(self, form: Form) -> bytes:
        """Return the library's page, not compressed."""
        encode: Callable[[Collector], bytes] = generate_latest
        if form is not Form.TEXT:
            encode = openmetrics.generate_latest
        return encode(self)


def _metric(family: AnyFamily) -> Metric:
    definition = family.definition
    unit = definition.unit if has_unit(definition) else ""
    if isinstance(family, HistogramFamily):
        built = HistogramMetricFamily(definition.name, definition.help, labels=definition.labels, unit=unit)
        for labels, buckets in family.samples.items():
            bounds = [*map(_go_string, buckets.bounds), "+Inf"]
            built.add_metric(labels, list(zip(bounds, buckets.counts, strict=True)), buckets.total)
        return built
    kind = CounterMetricFamily if definition.kind is Kind.COUNTER else GaugeMetricFamily
    simple = kind(definition.name, definition.help, labels=definition.labels, unit=unit)
    for labels, value in family.samples.items():
        simple.add_metric(labels, value)
    return simple
