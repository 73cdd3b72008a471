"""Render pages."""

import gzip as gzip_format
from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector as RegistryCollector

from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.family import AnyFamily, HistogramFamily
from whatsapp_exporter.metrics.definition import Kind


class _Families(RegistryCollector):
    def __init__(self, families: Sequence[AnyFamily]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return [_metric(one) for one in self._families]


class PageEncoder:
    """Renders pages. Safe to use from several threads."""

    def encode(self, families: Sequence[AnyFamily], form: Form, *, gzip: bool) -> bytes:
        """Return the page's bytes."""
        encode: Callable[[RegistryCollector], bytes] = generate_latest
        if form is Form.OPENMETRICS:
            encode = openmetrics.generate_latest
        page = encode(_Families(families))
        return gzip_format.compress(page, 1) if gzip else page


def _metric(family: AnyFamily) -> Metric:
    definition = family.definition
    unit = definition.unit if definition.name.removesuffix("_total").endswith(f"_{definition.unit}") else ""
    if isinstance(family, HistogramFamily):
        built = HistogramMetricFamily(definition.name, definition.help, labels=definition.labels, unit=unit)
        for labels, buckets in family.samples.items():
            bounds = [*(str(bound) for bound in buckets.bounds), "+Inf"]
            built.add_metric(labels, list(zip(bounds, buckets.counts, strict=True)), buckets.total)
        return built
    kind = CounterMetricFamily if definition.kind is Kind.COUNTER else GaugeMetricFamily
    simple = kind(definition.name, definition.help, labels=definition.labels, unit=unit)
    for labels, value in family.samples.items():
        simple.add_metric(labels, value)
    return simple
