"""Metrics of the database collector."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, counter, gauge

_D = Source.DATABASE
NOTIFICATIONS = gauge(
    "whatsapp_database_notifications", "notifications", "Notifications stored now, by state", _D, "estado"
)
ACCEPTED = counter(
    "whatsapp_database_accepted_total",
    "notifications",
    "Notifications accepted since the start",
    _D,
    "empresa_id",
)
SENT = counter(
    "whatsapp_database_sent_total",
    "notifications",
    "Notifications that the WhatsApp API took since the start",
    _D,
    "empresa_id",
)
DELIVERED = counter(
    "whatsapp_database_delivered_total",
    "notifications",
    "Notifications reported delivered since the start",
    _D,
    "empresa_id",
)
READ = counter(
    "whatsapp_database_read_total",
    "notifications",
    "Notifications reported read since the start",
    _D,
    "empresa_id",
)
FAILED = counter(
    "whatsapp_database_failed_total",
    "notifications",
    "Notifications that ended in an error since the start",
    _D,
    "empresa_id",
)
DUE = gauge(
    "whatsapp_database_due_notifications", "notifications", "Pending notifications whose time has come", _D
)
SCHEDULED = gauge(
    "whatsapp_database_scheduled_notifications", "notifications", "Pending notifications for a later time", _D
)
OLDEST_DUE_AGE = gauge(
    "whatsapp_database_oldest_due_age_seconds",
    "seconds",
    "How long the oldest due notification has waited since its time came; 0 when none is due",
    _D,
)
UNKNOWN_OUTCOMES = gauge(
    "whatsapp_database_unknown_outcomes",
    "notifications",
    "Sends whose answer never came (state DESCONOCIDA)",
    _D,
)
DATABASE_SIZE = gauge(
    "whatsapp_database_size_bytes", "bytes", "Size of the database, free pages included", _D
)
MAINTENANCE_LAST_SUCCESS = gauge(
    "whatsapp_database_maintenance_last_success_timestamp_seconds",
    "seconds",
    "When the operation last succeeded by the maintenance log (Unix time); absent until it has",
    _D,
    "operation",
)
SCHEMA_VERSION = gauge("whatsapp_database_schema_version", "version", "Last schema migration applied", _D)

METRICS: tuple[MetricDefinition, ...] = (
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
"""All of them."""
