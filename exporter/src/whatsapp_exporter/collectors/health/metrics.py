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

METRICS: tuple[MetricDefinition, ...] = (
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
)
"""All of them."""
