"""What is said of a metric once, for the code that exposes it and for the reference."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus' metric types that the product uses."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(StrEnum):
    """Who exposes a metric. The value is the heading in the reference."""

    EXPORTER = "Exporter itself"
    HEALTH = "Exporter: health collector"
    API_COLLECTOR = "Exporter: api collector"
    DATABASE = "Exporter: database collector"
    GRAPH = "Exporter: graph collector"
    API = "API"
    SCHEDULER = "Scheduler"
    JOBS = "Jobs"


SCRAPE_JOBS: dict[Source, str] = {
    Source.EXPORTER: "whatsapp-exporter",
    Source.HEALTH: "whatsapp-exporter",
    Source.API_COLLECTOR: "whatsapp-exporter",
    Source.DATABASE: "whatsapp-exporter",
    Source.GRAPH: "whatsapp-exporter",
    Source.API: "whatsapp-notifications",
    Source.SCHEDULER: "whatsapp-scheduler",
    Source.JOBS: "node",
}
"""Prometheus' job that scrapes each source."""


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """One metric family.

    `name` is the name as exposed (counters with `_total`, histograms without `_bucket`); `unit` is a
    base unit of Prometheus (`seconds`, `bytes`, `ratio`) or what is counted; `help` ends without a dot.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    source: Source
    labels: tuple[str, ...] = ()


def gauge(name: str, unit: str, text: str, source: Source, *labels: str) -> MetricDefinition:
    """Define a gauge."""
    return MetricDefinition(name, Kind.GAUGE, unit, text, source, labels)


def counter(name: str, unit: str, text: str, source: Source, *labels: str) -> MetricDefinition:
    """Define a counter."""
    return MetricDefinition(name, Kind.COUNTER, unit, text, source, labels)


def histogram(name: str, unit: str, text: str, source: Source, *labels: str) -> MetricDefinition:
    """Define a histogram."""
    return MetricDefinition(name, Kind.HISTOGRAM, unit, text, source, labels)
