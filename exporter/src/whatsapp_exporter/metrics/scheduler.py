"""Metrics of the scheduler's own `/metrics`; its code defines them, this is their entry in the reference."""

from whatsapp_exporter.metrics.definition import MetricDefinition, Source, counter, gauge, histogram

_S = Source.SCHEDULER
SCHEDULER_METRICS: tuple[MetricDefinition, ...] = (
    gauge(
        "whatsapp_scheduler_last_run_timestamp_seconds",
        "seconds",
        "Last run of the scheduler (Unix time)",
        _S,
    ),
    counter("whatsapp_scheduler_batches_total", "batches", "Batches processed", _S),
    histogram("whatsapp_scheduler_batch_duration_seconds", "seconds", "Time to process a batch", _S),
    counter(
        "whatsapp_send_requests_total", "requests", "Send requests by result", _S, "result", "error_class"
    ),
    histogram("whatsapp_graph_request_duration_seconds", "seconds", "Time of a request to the Graph API", _S),
    counter(
        "whatsapp_recipient_waits_total",
        "notifications",
        "Notifications put off because their recipient had as many messages as Meta allows",
        _S,
    ),
    gauge(
        "whatsapp_scheduler_paused",
        "pauses",
        "Pauses in force, by what they stop (todo, empresa, plantilla) and who made them (operador, meta)",
        _S,
        "scope",
        "origin",
    ),
    gauge("whatsapp_rate_limit_remaining", "requests", "Requests left in the rate limit window", _S),
)
