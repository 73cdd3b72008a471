"""What the exporter tells of itself and of its collectors."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, counter, gauge

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
CONFIG_RELOAD_SUCCESSFUL = gauge(
    "whatsapp_exporter_config_last_reload_successful",
    "boolean",
    "1 when the configuration was read without a fault the last time; 0: an earlier one is in force",
    _E,
)
CONFIG_RELOAD_SUCCESS_TIME = gauge(
    "whatsapp_exporter_config_last_reload_success_timestamp_seconds",
    "seconds",
    "When the configuration in force was read (Unix time)",
    _E,
)
SCRAPES_IN_FLIGHT = gauge(
    "whatsapp_exporter_scrapes_in_flight", "scrapes", "Scrapes being answered now, this one included", _E
)
SCRAPES_REJECTED = counter(
    "whatsapp_exporter_scrapes_rejected_total",
    "scrapes",
    "Scrapes answered 503 because max_concurrent_scrapes were running",
    _E,
)
SERIES_DROPPED = counter(
    "whatsapp_exporter_dropped_series_total",
    "series",
    "Series left out of pages because their family had more than max_series_per_family; each at each scrape",
    _E,
    "metric",
)
_PROCESS = (
    gauge("process_resident_memory_bytes", "bytes", "Resident memory of the exporter", _E),
    gauge("process_virtual_memory_bytes", "bytes", "Virtual memory of the exporter", _E),
    gauge("process_start_time_seconds", "seconds", "Start of the exporter (Unix time)", _E),
    counter("process_cpu_seconds_total", "seconds", "Processor time of the exporter, user and system", _E),
    gauge("process_open_fds", "descriptors", "Open file descriptors of the exporter", _E),
    gauge("process_max_fds", "descriptors", "File descriptors that the exporter may open", _E),
)
PROCESS_METRICS: dict[str, MetricDefinition] = {definition.name: definition for definition in _PROCESS}
"""By name, as Prometheus' client libraries define them."""

COLLECTOR_METRICS: tuple[MetricDefinition, ...] = (
    COLLECTOR_SUCCESS,
    COLLECTOR_DURATION,
    COLLECTOR_LAST_SUCCESS,
    COLLECTOR_CACHE_AGE,
)
"""How each collector went; also on the pages of `/probe`."""

OWN_METRICS: tuple[MetricDefinition, ...] = (
    BUILD_INFO,
    *COLLECTOR_METRICS,
    CONFIG_RELOAD_SUCCESSFUL,
    CONFIG_RELOAD_SUCCESS_TIME,
    SCRAPES_IN_FLIGHT,
    SCRAPES_REJECTED,
    SERIES_DROPPED,
    *_PROCESS,
)
"""What the exporter tells of itself; on `/metrics` only, but for COLLECTOR_METRICS."""
