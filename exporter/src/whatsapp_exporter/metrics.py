"""The catalogue: every metric of the product, with its type, labels, unit, meaning and source.

Collectors take the definitions of what they expose from here. The API, the scheduler and the jobs
have definitions of their own in code; theirs are listed here because one reference of all names
(`docs/metrics.md`, made by `whatsapp_exporter.metrics_reference`) is what rules and dashboards are
checked against.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


class Kind(StrEnum):
    """Prometheus' metric types that the product uses."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(StrEnum):
    """Who exposes a metric. The value is the heading in the reference."""

    EXPORTER = "Exporter itself"
    HEALTH = "Exporter: health collector"
    DATABASE = "Exporter: database collector"
    API = "API"
    SCHEDULER = "Scheduler"
    JOBS = "Jobs"


SCRAPE_JOBS: dict[Source, str] = {
    Source.EXPORTER: "whatsapp-exporter",
    Source.HEALTH: "whatsapp-exporter",
    Source.DATABASE: "whatsapp-exporter",
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

    def family(self, samples: Iterable[tuple[Sequence[str], float]]) -> Metric:
        """Build the family for one scrape from (label values in the order of `labels`, value) pairs.

        Raises ValueError for a histogram: nothing that is built at a scrape has one.
        """
        unit = self.unit if self.name.removesuffix("_total").endswith(f"_{self.unit}") else ""
        built: CounterMetricFamily | GaugeMetricFamily
        match self.kind:
            case Kind.COUNTER:
                built = CounterMetricFamily(self.name, self.help, labels=self.labels, unit=unit)
            case Kind.GAUGE:
                built = GaugeMetricFamily(self.name, self.help, labels=self.labels, unit=unit)
            case Kind.HISTOGRAM:
                raise ValueError(f"{self.name}: a histogram cannot be built from single values")
        for values, value in samples:
            built.add_metric(values, value)
        return built

    def single(self, value: float) -> Metric:
        """Build the family of a metric without labels."""
        return self.family([((), value)])


def _gauge(name: str, unit: str, text: str, source: Source, *labels: str) -> MetricDefinition:
    return MetricDefinition(name, Kind.GAUGE, unit, text, source, labels)


def _counter(name: str, unit: str, text: str, source: Source, *labels: str) -> MetricDefinition:
    return MetricDefinition(name, Kind.COUNTER, unit, text, source, labels)


def _histogram(name: str, unit: str, text: str, source: Source, *labels: str) -> MetricDefinition:
    return MetricDefinition(name, Kind.HISTOGRAM, unit, text, source, labels)


_E = Source.EXPORTER
BUILD_INFO = _gauge(
    "whatsapp_exporter_build_info", "info", "Version of the exporter; always 1", _E, "version"
)
COLLECTOR_SUCCESS = _gauge(
    "whatsapp_exporter_collector_success",
    "boolean",
    "1 when the collector finished without an error within its timeout",
    _E,
    "collector",
)
COLLECTOR_DURATION = _gauge(
    "whatsapp_exporter_collector_duration_seconds",
    "seconds",
    "How long the collector took, or ran until it was given up",
    _E,
    "collector",
)
COLLECTOR_LAST_SUCCESS = _gauge(
    "whatsapp_exporter_collector_last_success_timestamp_seconds",
    "seconds",
    "When the collector last succeeded (Unix time); 0 when it never has since the exporter's start",
    _E,
    "collector",
)

_H = Source.HEALTH
HEALTH_UP = _gauge(
    "whatsapp_health_up", "boolean", "1 when the API answered with a health document, whatever its status", _H
)
HEALTH_STATUS = _gauge(
    "whatsapp_health_status",
    "boolean",
    "1 for the status that the API reports, 0 for the others; down when it does not answer",
    _H,
    "status",
)
HEALTH_COMPONENT_STATUS = _gauge(
    "whatsapp_health_component_status",
    "boolean",
    "1 for the status that the API reports of the component, 0 for its other statuses",
    _H,
    "component",
    "status",
)
HEALTH_RESPONSE = _gauge(
    "whatsapp_health_response_seconds", "seconds", "Time until the health document was read", _H
)
HEALTH_UPTIME = _gauge(
    "whatsapp_health_uptime_seconds", "seconds", "Uptime that the API reports of itself", _H
)
API_RATE_LIMIT_REMAINING = _gauge(
    "whatsapp_api_rate_limit_remaining",
    "requests",
    "Requests left in the WhatsApp API's rate limit window",
    _H,
)
CACHE_HIT_RATIO = _gauge("whatsapp_cache_hit_ratio", "ratio", "Cache hits over lookups, 0 to 1", _H)
CACHE_USED = _gauge(
    "whatsapp_cache_used_bytes",
    "bytes",
    "Memory that the cache uses (reported in MB of 1024 * 1024 bytes)",
    _H,
)
CACHE_MAX = _gauge(
    "whatsapp_cache_max_bytes",
    "bytes",
    "Memory that the cache may use (reported in MB of 1024 * 1024 bytes)",
    _H,
)
DATABASE_RESPONSE = _gauge(
    "whatsapp_database_response_seconds", "seconds", "Time of the API's own database check", _H
)
DATABASE_ACTIVE_CONNECTIONS = _gauge(
    "whatsapp_database_active_connections", "connections", "Database connections in use in the API", _H
)
DATABASE_POOL_SIZE = _gauge(
    "whatsapp_database_pool_size", "connections", "Size of the API's database connection pool", _H
)

_D = Source.DATABASE
NOTIFICATIONS = _gauge(
    "whatsapp_database_notifications", "notifications", "Notifications stored now, by state", _D, "estado"
)
ACCEPTED = _counter(
    "whatsapp_database_accepted_total",
    "notifications",
    "Notifications accepted since the start",
    _D,
    "empresa_id",
)
SENT = _counter(
    "whatsapp_database_sent_total",
    "notifications",
    "Notifications that the WhatsApp API took since the start",
    _D,
    "empresa_id",
)
DELIVERED = _counter(
    "whatsapp_database_delivered_total",
    "notifications",
    "Notifications reported delivered since the start",
    _D,
    "empresa_id",
)
READ = _counter(
    "whatsapp_database_read_total",
    "notifications",
    "Notifications reported read since the start",
    _D,
    "empresa_id",
)
FAILED = _counter(
    "whatsapp_database_failed_total",
    "notifications",
    "Notifications that ended in an error since the start",
    _D,
    "empresa_id",
)
DUE = _gauge(
    "whatsapp_database_due_notifications", "notifications", "Pending notifications whose time has come", _D
)
SCHEDULED = _gauge(
    "whatsapp_database_scheduled_notifications", "notifications", "Pending notifications for a later time", _D
)
OLDEST_DUE_AGE = _gauge(
    "whatsapp_database_oldest_due_age_seconds",
    "seconds",
    "How long the oldest due notification has waited since its time came; 0 when none is due",
    _D,
)
UNKNOWN_OUTCOMES = _gauge(
    "whatsapp_database_unknown_outcomes",
    "notifications",
    "Sends whose answer never came (state DESCONOCIDA)",
    _D,
)
DATABASE_SIZE = _gauge(
    "whatsapp_database_size_bytes", "bytes", "Size of the database, free pages included", _D
)
MAINTENANCE_LAST_SUCCESS = _gauge(
    "whatsapp_database_maintenance_last_success_timestamp_seconds",
    "seconds",
    "When the operation last succeeded by the maintenance log (Unix time); absent until it has",
    _D,
    "operation",
)
SCHEMA_VERSION = _gauge("whatsapp_database_schema_version", "version", "Last schema migration applied", _D)

_A = Source.API
API_METRICS: tuple[MetricDefinition, ...] = (
    _counter(
        "whatsapp_notifications_sent_total",
        "notifications",
        "Notifications that Meta accepted since the start",
        _A,
    ),
    _gauge(
        "whatsapp_notifications_total",
        "notifications",
        "Notifications accepted today (the manual's name)",
        _A,
    ),
    _gauge(
        "whatsapp_error_rate", "percent", "Failed over today's finished notifications (the manual's name)", _A
    ),
    _gauge(
        "whatsapp_error_rate_percentage",
        "percent",
        "Failed over today's finished notifications, 0 to 100",
        _A,
    ),
    _gauge(
        "whatsapp_success_rate_percentage",
        "percent",
        "Not failed over today's finished notifications, 0 to 100",
        _A,
    ),
    _gauge(
        "whatsapp_pending_notifications", "notifications", "Pending notifications whose time has come", _A
    ),
    _gauge(
        "whatsapp_response_time_ms",
        "milliseconds",
        "Average response time over about five minutes (the manual's name)",
        _A,
    ),
    _counter(
        "whatsapp_http_requests_total", "requests", "HTTP requests served", _A, "method", "route", "status"
    ),
    _histogram(
        "whatsapp_http_request_duration_seconds", "seconds", "Time to serve a request", _A, "method", "route"
    ),
    _counter("whatsapp_webhook_requests_total", "requests", "Webhook calls received", _A, "result"),
    _histogram("whatsapp_webhook_duration_seconds", "seconds", "Time to answer a webhook call", _A),
    _histogram(
        "whatsapp_webhook_lag_seconds", "seconds", "Receipt of an event minus Meta's timestamp of it", _A
    ),
    _counter(
        "whatsapp_webhook_statuses_total", "statuses", "Statuses in webhooks, by what they did", _A, "result"
    ),
    _counter(
        "whatsapp_account_events_total",
        "events",
        "Webhooks about templates, quality, limits and the account, by Meta's field",
        _A,
        "field",
    ),
    _gauge(
        "whatsapp_sending_paused",
        "pauses",
        "Pauses of sending in force, by what they stop (todo, empresa, plantilla)",
        _A,
        "scope",
    ),
    _gauge(
        "whatsapp_graph_api_version_days_left",
        "days",
        "Until Meta ends the Graph API version in use, negative after it; absent when its end is not known",
        _A,
    ),
)

_S = Source.SCHEDULER
SCHEDULER_METRICS: tuple[MetricDefinition, ...] = (
    _gauge(
        "whatsapp_scheduler_last_run_timestamp_seconds",
        "seconds",
        "Last run of the scheduler (Unix time)",
        _S,
    ),
    _counter("whatsapp_scheduler_batches_total", "batches", "Batches processed", _S),
    _histogram("whatsapp_scheduler_batch_duration_seconds", "seconds", "Time to process a batch", _S),
    _counter(
        "whatsapp_send_requests_total", "requests", "Send requests by result", _S, "result", "error_class"
    ),
    _histogram(
        "whatsapp_graph_request_duration_seconds", "seconds", "Time of a request to the Graph API", _S
    ),
    _counter(
        "whatsapp_recipient_waits_total",
        "notifications",
        "Notifications put off because their recipient had as many messages as Meta allows",
        _S,
    ),
    _gauge(
        "whatsapp_scheduler_paused",
        "pauses",
        "Pauses in force, by what they stop (todo, empresa, plantilla) and who made them (operador, meta)",
        _S,
        "scope",
        "origin",
    ),
    _gauge("whatsapp_rate_limit_remaining", "requests", "Requests left in the rate limit window", _S),
)

_J = Source.JOBS
JOB_METRICS: tuple[MetricDefinition, ...] = (
    _gauge(
        "whatsapp_job_last_run_timestamp_seconds",
        "seconds",
        "Last run of the job (Unix time)",
        _J,
        "job_name",
    ),
    _gauge(
        "whatsapp_job_last_success_timestamp_seconds",
        "seconds",
        "Last successful run of the job (Unix time)",
        _J,
        "job_name",
    ),
    _gauge("whatsapp_job_last_duration_seconds", "seconds", "Duration of the job's last run", _J, "job_name"),
    _gauge("whatsapp_job_success", "boolean", "1 when the job's last run succeeded", _J, "job_name"),
    _gauge("whatsapp_backup_size_bytes", "bytes", "Size of the last backup file", _J),
)

EXPORTER_METRICS: tuple[MetricDefinition, ...] = (
    BUILD_INFO,
    COLLECTOR_SUCCESS,
    COLLECTOR_DURATION,
    COLLECTOR_LAST_SUCCESS,
    HEALTH_UP,
    HEALTH_STATUS,
    HEALTH_COMPONENT_STATUS,
    HEALTH_RESPONSE,
    HEALTH_UPTIME,
    API_RATE_LIMIT_REMAINING,
    CACHE_HIT_RATIO,
    CACHE_USED,
    CACHE_MAX,
    DATABASE_RESPONSE,
    DATABASE_ACTIVE_CONNECTIONS,
    DATABASE_POOL_SIZE,
    NOTIFICATIONS,
    ACCEPTED,
    SENT,
    DELIVERED,
    READ,
    FAILED,
    DUE,
    SCHEDULED,
    OLDEST_DUE_AGE,
    UNKNOWN_OUTCOMES,
    DATABASE_SIZE,
    MAINTENANCE_LAST_SUCCESS,
    SCHEMA_VERSION,
)
"""What the exporter's own `/metrics` shows."""

CATALOGUE: tuple[MetricDefinition, ...] = (
    *EXPORTER_METRICS,
    *API_METRICS,
    *SCHEDULER_METRICS,
    *JOB_METRICS,
)
"""Every metric of the product."""
