"""The scheduler's Prometheus metrics."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from whatsapp_service.graph.errors import ACTION, Action
from whatsapp_service.pauses import Origin, Pause, Scope

_RESULTS: Final = {
    Action.RETRY: ("retry", "failed"),  # failed once its attempts are used up
    Action.HOLD_ALL: ("held",),
    Action.HOLD_TEMPLATE: ("held",),
    Action.FAIL: ("failed",),
    Action.UNKNOWN: ("unknown",),
}


def known_sends() -> Iterator[tuple[str, str]]:
    """Every result and error class that a send can end with."""
    yield "accepted", "none"
    for error_class, action in ACTION.items():
        for result in _RESULTS[action]:
            yield result, error_class.value


class SchedulerMetrics:
    """One process, one registry.

    The sends begin with every known pair of labels at 0: `increase()` does not see a series that comes with
    its first event.
    """

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
        for labels in known_sends():
            self.sends.labels(*labels)
        self.recipient_waits = Counter(
            "whatsapp_recipient_waits_total",
            "Notifications put off because their recipient had as many messages as Meta allows.",
            registry=self.registry,
        )
        self.paused = Gauge(
            "whatsapp_scheduler_paused",
            "Pauses in force by scope (todo, empresa, plantilla) and origin (operador, meta).",
            ["scope", "origin"],
            registry=self.registry,
        )
        self.show_pauses(())
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

    def show_pauses(self, pauses: Iterable[Pause]) -> None:
        """Show the pauses in force, none of them as 0."""
        counts = Counts((pause.scope, pause.origin) for pause in pauses)
        for scope in Scope:
            for origin in Origin:
                self.paused.labels(scope.value, origin.value).set(counts[scope, origin])
