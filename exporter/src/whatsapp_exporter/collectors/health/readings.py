"""Which field of the health document each metric is."""

from whatsapp_exporter.collectors.health import metrics
from whatsapp_exporter.readings import FieldKind, Reading

_MEBIBYTE = 1024.0 * 1024.0
_DAY = 86_400.0
_DATABASE = ("components", "database")
_GRAPH = ("components", "whatsapp_api")
_SCHEDULER = ("components", "scheduler")
_CACHE = ("components", "cache")

READINGS: tuple[Reading, ...] = (
    Reading(metrics.HEALTH_UPTIME, ("uptime_seconds",)),
    Reading(metrics.API_RATE_LIMIT_REMAINING, (*_GRAPH, "rate_limit_remaining")),
    Reading(metrics.RATE_LIMIT_RESET, (*_GRAPH, "rate_limit_reset_seconds")),
    Reading(metrics.GRAPH_LAST_SUCCESS, (*_GRAPH, "last_successful_request"), FieldKind.TIMESTAMP),
    Reading(metrics.GRAPH_VERSION_REMAINING, (*_GRAPH, "api_version_days_left"), times=_DAY),
    Reading(metrics.SENDING_PAUSED, (*_GRAPH, "paused"), FieldKind.BOOLEAN),
    Reading(metrics.SCHEDULER_ACTIVE_JOBS, (*_SCHEDULER, "active_jobs")),
    Reading(metrics.SCHEDULER_LAST_EXECUTION, (*_SCHEDULER, "last_execution"), FieldKind.TIMESTAMP),
    Reading(metrics.SCHEDULER_NEXT_EXECUTION, (*_SCHEDULER, "next_execution"), FieldKind.TIMESTAMP),
    Reading(metrics.CACHE_HIT_RATIO, (*_CACHE, "hit_rate")),
    Reading(metrics.CACHE_USED, (*_CACHE, "used_memory_mb"), times=_MEBIBYTE),
    Reading(metrics.CACHE_MAX, (*_CACHE, "max_memory_mb"), times=_MEBIBYTE),
    Reading(metrics.DATABASE_RESPONSE, (*_DATABASE, "response_time_ms"), over=1000.0),
    Reading(metrics.DATABASE_ACTIVE_CONNECTIONS, (*_DATABASE, "active_connections")),
    Reading(metrics.DATABASE_POOL_SIZE, (*_DATABASE, "connection_pool_size")),
)
