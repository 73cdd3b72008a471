"""What the exporter tells of itself and of its collectors."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, gauge

_E = Source.EXPORTER
BUILD_INFO = gauge("whatsapp_exporter_build_info", "info", "Version of the exporter; always 1", _E, "version")
COLLECTOR_SUCCESS = gauge(
    "whatsapp_exporter_collector_success",
    "boolean",
    "1 when the collector finished without an error within its timeout",
    _E,
    "collector",
)
COLLECTOR_DURATION = gauge(
    "whatsapp_exporter_collector_duration_seconds",
    "seconds",
    "How long the collector took, or ran until it was given up",
    _E,
    "collector",
)
COLLECTOR_LAST_SUCCESS = gauge(
    "whatsapp_exporter_collector_last_success_timestamp_seconds",
    "seconds",
    "When the collector last succeeded (Unix time); 0 when it never has since the exporter's start",
    _E,
    "collector",
)
COLLECTOR_CACHE_AGE = gauge(
    "whatsapp_exporter_collector_cache_age_seconds",
    "seconds",
    "How long ago what the page shows of the collector was obtained; 0 when for this scrape",
    _E,
    "collector",
)

OWN_METRICS: tuple[MetricDefinition, ...] = (
    BUILD_INFO,
    COLLECTOR_SUCCESS,
    COLLECTOR_DURATION,
    COLLECTOR_LAST_SUCCESS,
    COLLECTOR_CACHE_AGE,
)
"""On every page of the exporter."""
