"""The scheduler's Prometheus metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class SchedulerMetrics:
    """One process, one registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.last_run = Gauge(
            "whatsapp_scheduler_last_run_timestamp_seconds",
            "When the last round ended, as Unix time.",
            registry=self.registry,
        )
        self.batches = Counter(
            "whatsapp_scheduler_batches_total",
            "Batches of at least one notification.",
            registry=self.registry,
        )
        self.batch_duration = Histogram(
            "whatsapp_scheduler_batch_duration_seconds",
            "Seconds from leasing a batch to its last outcome.",
            buckets=(0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300),
            registry=self.registry,
        )
        self.sends = Counter(
            "whatsapp_send_requests_total",
            "Sends by result (accepted, retry, held, failed, unknown) and error class (or none).",
            ["result", "error_class"],
            registry=self.registry,
        )
        self.sends.labels("accepted", "none")  # rates need the series before its first event
        self.graph_duration = Histogram(
            "whatsapp_graph_request_duration_seconds",
            "Seconds of a request to the Graph API, whatever its outcome.",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self.registry,
        )
        self.rate_limit_remaining = Gauge(
            "whatsapp_rate_limit_remaining",
            "Sends that WHATSAPP_RATE_LIMIT_PER_MINUTE still allows now.",
            registry=self.registry,
        )
