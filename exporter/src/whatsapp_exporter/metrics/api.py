"""Metrics of the API's own `/metrics`; its code defines them, this is their entry in the reference."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, counter, gauge, histogram

_A = Source.API
API_METRICS: tuple[MetricDefinition, ...] = (
    counter(
        "whatsapp_notifications_sent_total",
        "notifications",
        "Notifications that Meta accepted since the start",
        _A,
    ),
    gauge(
        "whatsapp_notifications_total",
        "notifications",
        "Notifications accepted today (the manual's name)",
        _A,
    ),
    gauge(
        "whatsapp_error_rate", "percent", "Failed over today's finished notifications (the manual's name)", _A
    ),
    gauge(
        "whatsapp_error_rate_percentage",
        "percent",
        "Failed over today's finished notifications, 0 to 100",
        _A,
    ),
    gauge(
        "whatsapp_success_rate_percentage",
        "percent",
        "Not failed over today's finished notifications, 0 to 100",
        _A,
    ),
    gauge("whatsapp_pending_notifications", "notifications", "Pending notifications whose time has come", _A),
    gauge(
        "whatsapp_response_time_ms",
        "milliseconds",
        "Average response time over about five minutes (the manual's name)",
        _A,
    ),
    counter(
        "whatsapp_http_requests_total", "requests", "HTTP requests served", _A, "method", "route", "status"
    ),
    histogram(
        "whatsapp_http_request_duration_seconds", "seconds", "Time to serve a request", _A, "method", "route"
    ),
    counter("whatsapp_webhook_requests_total", "requests", "Webhook calls received", _A, "result"),
    histogram("whatsapp_webhook_duration_seconds", "seconds", "Time to answer a webhook call", _A),
    histogram(
        "whatsapp_webhook_lag_seconds", "seconds", "Receipt of an event minus Meta's timestamp of it", _A
    ),
    counter(
        "whatsapp_webhook_statuses_total", "statuses", "Statuses in webhooks, by what they did", _A, "result"
    ),
    counter(
        "whatsapp_account_events_total",
        "events",
        "Webhooks about templates, quality, limits and the account, by Meta's field",
        _A,
        "field",
    ),
    gauge(
        "whatsapp_sending_paused",
        "pauses",
        "Pauses of sending in force, by what they stop (todo, empresa, plantilla)",
        _A,
        "scope",
    ),
    gauge(
        "whatsapp_graph_api_version_remaining_seconds",
        "seconds",
        "Until Meta ends the Graph API version in use, negative after it; absent when its end is not known",
        _A,
    ),
)
