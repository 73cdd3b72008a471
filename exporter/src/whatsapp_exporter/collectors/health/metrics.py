"""Metrics of the health collector."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, gauge

_H = Source.HEALTH
HEALTH_UP = gauge(
    "whatsapp_health_up", "boolean", "1 when the API answered with a health document, whatever its status", _H
)
HEALTH_STATUS = gauge(
    "whatsapp_health_status",
    "boolean",
    "1 for the status that the API reports, 0 for the others; down when it does not answer",
    _H,
    "status",
)
HEALTH_COMPONENT_STATUS = gauge(
    "whatsapp_health_component_status",
    "boolean",
    "1 for the status that the API reports of the component, 0 for its other statuses",
    _H,
    "component",
    "status",
)
HEALTH_RESPONSE = gauge(
    "whatsapp_health_response_seconds", "seconds", "Time until the health document was read", _H
)
HEALTH_UPTIME = gauge(
    "whatsapp_health_uptime_seconds", "seconds", "Uptime that the API reports of itself", _H
)
API_RATE_LIMIT_REMAINING = gauge(
    "whatsapp_api_rate_limit_remaining",
    "requests",
    "Requests left in the WhatsApp API's rate limit window",
    _H,
)
CACHE_HIT_RATIO = gauge("whatsapp_cache_hit_ratio", "ratio", "Cache hits over lookups, 0 to 1", _H)
CACHE_USED = gauge(
    "whatsapp_cache_used_bytes",
    "bytes",
    "Memory that the cache uses (reported in MB of 1024 * 1024 bytes)",
    _H,
)
CACHE_MAX = gauge(
    "whatsapp_cache_max_bytes",
    "bytes",
    "Memory that the cache may use (reported in MB of 1024 * 1024 bytes)",
    _H,
)
DATABASE_RESPONSE = gauge(
    "whatsapp_database_response_seconds", "seconds", "Time of the API's own database check", _H
)
DATABASE_ACTIVE_CONNECTIONS = gauge(
    "whatsapp_database_active_connections", "connections", "Database connections in use in the API", _H
)
DATABASE_POOL_SIZE = gauge(
    "whatsapp_database_pool_size", "connections", "Size of the API's database connection pool", _H
)
SERVICE_INFO = gauge(
    "whatsapp_health_service_info", "info", "Version of the service; always 1", _H, "version"
)
SENDING_PAUSED = gauge("whatsapp_health_sending_paused", "boolean", "1 while nothing at all is sent", _H)
PAUSES = gauge(
    "whatsapp_health_pauses",
    "pauses",
    "Pauses of sending in force, by what they stop (todo, empresa, plantilla)",
    _H,
    "scope",
)
RATE_LIMIT_RESET = gauge(
    "whatsapp_health_rate_limit_reset_seconds",
    "seconds",
    "Until the first request leaves the WhatsApp API's rate limit window",
    _H,
)
GRAPH_LAST_SUCCESS = gauge(
    "whatsapp_health_graph_last_success_timestamp_seconds",
    "seconds",
    "Last request that the WhatsApp API answered with success (Unix time); absent before the first",
    _H,
)
GRAPH_VERSION_REMAINING = gauge(
    "whatsapp_health_graph_api_version_remaining_seconds",
    "seconds",
    "Until Meta ends the Graph API version in use, negative after it; absent when its end is not known",
    _H,
)
SCHEDULER_ACTIVE_JOBS = gauge(
    "whatsapp_health_scheduler_active_jobs", "jobs", "Jobs that the schedulers work on now", _H
)
SCHEDULER_LAST_EXECUTION = gauge(
    "whatsapp_health_scheduler_last_execution_timestamp_seconds",
    "seconds",
    "Last round of a scheduler (Unix time); absent before the first",
    _H,
)
SCHEDULER_NEXT_EXECUTION = gauge(
    "whatsapp_health_scheduler_next_execution_timestamp_seconds",
    "seconds",
    "Next round of a scheduler (Unix time); absent when none runs",
    _H,
)

METRICS: tuple[MetricDefinition, ...] = (
    HEALTH_UP,
    HEALTH_STATUS,
    HEALTH_COMPONENT_STATUS,
    HEALTH_RESPONSE,
    SERVICE_INFO,
    HEALTH_UPTIME,
    SENDING_PAUSED,
    PAUSES,
    API_RATE_LIMIT_REMAINING,
    RATE_LIMIT_RESET,
    GRAPH_LAST_SUCCESS,
    GRAPH_VERSION_REMAINING,
    SCHEDULER_ACTIVE_JOBS,
    SCHEDULER_LAST_EXECUTION,
    SCHEDULER_NEXT_EXECUTION,
    CACHE_HIT_RATIO,
    CACHE_USED,
    CACHE_MAX,
    DATABASE_RESPONSE,
    DATABASE_ACTIVE_CONNECTIONS,
    DATABASE_POOL_SIZE,
)
"""All of them."""
