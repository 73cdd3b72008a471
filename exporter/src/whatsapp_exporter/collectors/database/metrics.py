"""Metrics of the database collector."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, counter, gauge, histogram

_D = Source.DATABASE
_STAGES = {
    "accepted": "Notifications accepted since the start",
    "sent": "Notifications that the WhatsApp API took since the start",
    "delivered": "Notifications reported delivered since the start",
    "read": "Notifications reported read since the start",
    "failed": "Notifications that ended in an error since the start",
}


def _funnel(infix: str, by: str, label: str) -> dict[str, MetricDefinition]:
    return {
        stage: counter(f"whatsapp_database_{infix}{stage}_total", "notifications", text + by, _D, label)
        for stage, text in _STAGES.items()
    }


BY_COMPANY = _funnel("", "", "empresa_id")
BY_TEMPLATE = _funnel("template_", ", by template", "plantilla_id")
BY_CATEGORY = _funnel("category_", ", by the template's category", "categoria")
BY_COUNTRY = _funnel("country_", ", by country of the number (ISO 3166-1; ZZ: unknown)", "pais")
"""These four by stage, as `whatsapp_contadores.nombre` calls them."""

FAILURES = counter(
    "whatsapp_database_failures_total",
    "notifications",
    "Notifications that ended in an error since the start, by class and Meta's code of the error",
    _D,
    "clase",
    "codigo",
)
RETRIES = counter(
    "whatsapp_database_retries_total", "attempts", "Attempts to send after a notification's first", _D
)
# Not unknown_outcomes_total: in OpenMetrics the gauge of that name would be the same family.
UNKNOWN = counter(
    "whatsapp_database_unknown_total", "notifications", "Sends whose answer never came since the start", _D
)
COMPANY_INFO = gauge(
    "whatsapp_database_company_info",
    "info",
    "Name of each company that has a schedule; always 1",
    _D,
    "empresa_id",
    "empresa_nombre",
)
TEMPLATE_INFO = gauge(
    "whatsapp_database_template_info",
    "info",
    "What each template is called; always 1",
    _D,
    "plantilla_id",
    "nombre",
    "idioma",
    "categoria",
    "evento",
)

BILLABLE = counter(
    "whatsapp_database_billable_messages_total",
    "messages",
    "Messages that Meta charges since the start, by Meta's category and type of pricing",
    _D,
    "categoria",
    "tipo",
)
FREE = counter(
    "whatsapp_database_free_messages_total",
    "messages",
    "Messages that Meta does not charge since the start, by Meta's category and type of pricing",
    _D,
    "categoria",
    "tipo",
)
COMPANY_BILLABLE = counter(
    "whatsapp_database_company_billable_messages_total",
    "messages",
    "Messages that Meta charges since the start",
    _D,
    "empresa_id",
)

DURATIONS: dict[str, MetricDefinition] = {
    "accepted_to_sent": histogram(
        "whatsapp_database_accepted_to_sent_seconds",
        "seconds",
        "From a notification's acceptance to its sending, waits for its company's hours included",
        _D,
    ),
    "due_to_sent": histogram(
        "whatsapp_database_due_to_sent_seconds",
        "seconds",
        "From the time for which a notification was scheduled to its sending",
        _D,
    ),
    "sent_to_delivered": histogram(
        "whatsapp_database_sent_to_delivered_seconds", "seconds", "From sending to delivery", _D
    ),
    "delivered_to_read": histogram(
        "whatsapp_database_delivered_to_read_seconds", "seconds", "From delivery to reading", _D
    ),
}
"""By `whatsapp_duraciones.nombre`."""

NOTIFICATIONS = gauge(
    "whatsapp_database_notifications", "notifications", "Notifications stored now, by state", _D, "estado"
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
WITHOUT_STATUS = gauge(
    "whatsapp_database_without_status",
    "notifications",
    "Messages sent within the last day of which no status came after without_status_after",
    _D,
)
RECENT_RECIPIENTS = gauge(
    "whatsapp_database_recent_recipients",
    "contacts",
    "Contacts to whom something was sent in the last 24 hours (since the full hour before them)",
    _D,
)
WAITING_EVENTS = gauge(
    "whatsapp_database_waiting_webhook_events",
    "events",
    "Webhook calls that were received and are not processed yet",
    _D,
)
OLDEST_EVENT_AGE = gauge(
    "whatsapp_database_oldest_webhook_event_age_seconds",
    "seconds",
    "How long the oldest webhook call has waited to be processed; 0 when none waits",
    _D,
)
PAUSES = gauge(
    "whatsapp_database_pauses",
    "pauses",
    "Pauses of sending in force, by what they stop (todo, empresa, plantilla) and who made them",
    _D,
    "scope",
    "origin",
)

DATABASE_SIZE = gauge(
    "whatsapp_database_size_bytes", "bytes", "Size of the database, free pages included", _D
)
FREE_BYTES = gauge("whatsapp_database_free_bytes", "bytes", "Size of the database's free pages", _D)
TABLE_ROWS = gauge(
    "whatsapp_database_table_rows", "rows", "Rows of the table when it was last measured", _D, "tabla"
)
TABLE_SIZE = gauge(
    "whatsapp_database_table_size_bytes",
    "bytes",
    "Size of the table and its indexes when it was last measured; absent when the server does not tell",
    _D,
    "tabla",
)
TABLE_MEASURED = gauge(
    "whatsapp_database_table_measured_timestamp_seconds",
    "seconds",
    "When the maintenance last measured the table (Unix time)",
    _D,
    "tabla",
)

MAINTENANCE_LAST_SUCCESS = gauge(
    "whatsapp_database_maintenance_last_success_timestamp_seconds",
    "seconds",
    "When the operation last succeeded by the maintenance log (Unix time); absent until it has",
    _D,
    "operation",
)
MAINTENANCE_SUCCESS = gauge(
    "whatsapp_database_maintenance_success",
    "boolean",
    "1 when the operation's last run succeeded by the maintenance log",
    _D,
    "operation",
)
INTEGRITY_OK = gauge(
    "whatsapp_database_integrity_ok",
    "boolean",
    "1 when the last check of the database found no damage; absent until there was one",
    _D,
)
INTEGRITY_CHECKED = gauge(
    "whatsapp_database_integrity_check_timestamp_seconds",
    "seconds",
    "When the database was last checked for damage (Unix time); absent until it was",
    _D,
)
SCHEMA_VERSION = gauge("whatsapp_database_schema_version", "version", "Last schema migration applied", _D)

METRICS: tuple[MetricDefinition, ...] = (
    NOTIFICATIONS,
    *BY_COMPANY.values(),
    *BY_TEMPLATE.values(),
    *BY_CATEGORY.values(),
    *BY_COUNTRY.values(),
    FAILURES,
    RETRIES,
    UNKNOWN,
    COMPANY_INFO,
    TEMPLATE_INFO,
    BILLABLE,
    FREE,
    COMPANY_BILLABLE,
    DUE,
    SCHEDULED,
    OLDEST_DUE_AGE,
    UNKNOWN_OUTCOMES,
    WITHOUT_STATUS,
    RECENT_RECIPIENTS,
    WAITING_EVENTS,
    OLDEST_EVENT_AGE,
    PAUSES,
    *DURATIONS.values(),
    DATABASE_SIZE,
    FREE_BYTES,
    TABLE_ROWS,
    TABLE_SIZE,
    TABLE_MEASURED,
    MAINTENANCE_LAST_SUCCESS,
    MAINTENANCE_SUCCESS,
    INTEGRITY_OK,
    INTEGRITY_CHECKED,
    SCHEMA_VERSION,
)
"""All of them."""
