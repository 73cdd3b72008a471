"""Metrics of the api collector."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, gauge

_A = Source.API_COLLECTOR
ENDPOINT_UP = gauge(
    "whatsapp_api_endpoint_up",
    "boolean",
    "1 when the API answered with the endpoint's document (metrics, system, scheduler)",
    _A,
    "endpoint",
)
ENDPOINT_RESPONSE = gauge(
    "whatsapp_api_endpoint_response_seconds",
    "seconds",
    "Time until the endpoint's answer was read, whatever it was",
    _A,
    "endpoint",
)

TODAY_ACCEPTED = gauge(
    "whatsapp_api_today_accepted_notifications",
    "notifications",
    "Notifications accepted today; 0 again at the operators' midnight, as all of today's",
    _A,
)
TODAY_SENT = gauge(
    "whatsapp_api_today_sent_notifications",
    "notifications",
    "Today's notifications that the WhatsApp API took, whatever became of them",
    _A,
)
TODAY_DELIVERED = gauge(
    "whatsapp_api_today_delivered_notifications",
    "notifications",
    "Today's notifications reported delivered, read ones included",
    _A,
)
TODAY_READ = gauge(
    "whatsapp_api_today_read_notifications", "notifications", "Today's notifications reported read", _A
)
TODAY_FAILED = gauge(
    "whatsapp_api_today_failed_notifications",
    "notifications",
    "Today's notifications that ended in an error",
    _A,
)
TODAY_SUCCESS_RATIO = gauge(
    "whatsapp_api_today_success_ratio", "ratio", "Not failed over today's finished notifications, 0 to 1", _A
)
TODAY_ERROR_RATIO = gauge(
    "whatsapp_api_today_error_ratio", "ratio", "Failed over today's finished notifications, 0 to 1", _A
)
TODAY_DELIVERY_RATIO = gauge(
    "whatsapp_api_today_delivery_ratio",
    "ratio",
    "Delivered over today's sent notifications, 0 to 1; absent before the first",
    _A,
)
DUE = gauge(
    "whatsapp_api_due_notifications", "notifications", "Pending notifications whose time has come", _A
)
SCHEDULED = gauge(
    "whatsapp_api_scheduled_notifications", "notifications", "Pending notifications for a later time", _A
)

AVERAGE_RESPONSE = gauge(
    "whatsapp_api_average_response_seconds",
    "seconds",
    "Average time in which the API answered requests over about five minutes, 0 without any",
    _A,
)
UPTIME = gauge("whatsapp_api_uptime_seconds", "seconds", "Since the API that answered was started", _A)

SCHEDULER_RUNNING = gauge(
    "whatsapp_api_scheduler_running", "boolean", "1 while at least one scheduler runs", _A
)
SCHEDULER_ACTIVE_JOBS = gauge(
    "whatsapp_api_scheduler_active_jobs", "jobs", "Jobs that the schedulers work on now", _A
)
SCHEDULER_LAST_EXECUTION = gauge(
    "whatsapp_api_scheduler_last_execution_timestamp_seconds",
    "seconds",
    "Last round of a scheduler (Unix time); absent before the first",
    _A,
)
SCHEDULER_NEXT_EXECUTION = gauge(
    "whatsapp_api_scheduler_next_execution_timestamp_seconds",
    "seconds",
    "Next round of a scheduler (Unix time); absent when none runs",
    _A,
)
SCHEDULER_HEARTBEAT = gauge(
    "whatsapp_api_scheduler_heartbeat_timestamp_seconds",
    "seconds",
    "Last sign of life of a scheduler (Unix time); absent when all were stopped on purpose",
    _A,
)

METRICS: tuple[MetricDefinition, ...] = (
    ENDPOINT_UP,
    ENDPOINT_RESPONSE,
    TODAY_ACCEPTED,
    TODAY_SENT,
    TODAY_DELIVERED,
    TODAY_READ,
    TODAY_FAILED,
    TODAY_SUCCESS_RATIO,
    TODAY_ERROR_RATIO,
    TODAY_DELIVERY_RATIO,
    DUE,
    SCHEDULED,
    AVERAGE_RESPONSE,
    UPTIME,
    SCHEDULER_RUNNING,
    SCHEDULER_ACTIVE_JOBS,
    SCHEDULER_LAST_EXECUTION,
    SCHEDULER_NEXT_EXECUTION,
    SCHEDULER_HEARTBEAT,
)
"""All of them."""
