"""What the API's workers measure, for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from whatsapp_service.webhooks.account import ACCOUNT_FIELDS
from whatsapp_service.webhooks.applying import Applied

_DURATION: Final = "whatsapp_http_request_duration_seconds"
_FAST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WEBHOOK_RESULTS: Final = ("accepted", "bad_signature", "too_large", "error", "verified", "refused")
_STATUS_RESULTS: Final = ("changed", "repeated", "unknown", "unreadable", "postponed")
_OTHER_FIELD: Final = "other"
_LAG_BUCKETS: Final = (0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400, 604800)


class ApiMetrics:
    """What one API process counts; with several workers the values are files in `directory`.

    Counters whose labels have known values begin with all of them at 0: `increase()` does not see a series
    that comes with its first event.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "whatsapp_http_requests_total",
            "HTTP requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.duration = Histogram(
            _DURATION,
            "Seconds from a request's first byte to its answer.",
            ["method", "route"],
            buckets=_FAST_BUCKETS,
            registry=self._registry,
        )
        self.webhook_requests = Counter(
            "whatsapp_webhook_requests_total",
            f"Webhook requests by result ({', '.join(_WEBHOOK_RESULTS)}).",
            ["result"],
            registry=self._registry,
        )
        for result in _WEBHOOK_RESULTS:
            self.webhook_requests.labels(result)
        self.webhook_duration = Histogram(
            "whatsapp_webhook_duration_seconds",
            "Seconds to answer a webhook, the commit of its body included.",
            buckets=_FAST_BUCKETS,
            registry=self._registry,
        )
        self.webhook_statuses = Counter(
            "whatsapp_webhook_statuses_total",
            f"Statuses by result ({', '.join(_STATUS_RESULTS)}).",
            ["result"],
            registry=self._registry,
        )
        for result in _STATUS_RESULTS:
            self.webhook_statuses.labels(result)
        self.account_events = Counter(
            "whatsapp_account_events_total",
            "Webhooks about templates, quality, limits and the account, by Meta's field.",
            ["field"],
            registry=self._registry,
        )
        for field in (*sorted(ACCOUNT_FIELDS), _OTHER_FIELD):
            self.account_events.labels(field)
        self.webhook_lag = Histogram(
            "whatsapp_webhook_lag_seconds",
            "Seconds between a status at Meta and the receipt of its webhook.",
            buckets=_LAG_BUCKETS,
            registry=self._registry,
        )

    def count_applied(self, applied: Applied) -> None:
        """Count what webhook bodies did."""
        for result in _STATUS_RESULTS:
            number = getattr(applied, result)
            if number:
                self.webhook_statuses.labels(result).inc(number)
        for field, number in applied.account_events.items():
            self.account_events.labels(field if field in ACCOUNT_FIELDS else _OTHER_FIELD).inc(number)
        for lag in applied.lags:
            self.webhook_lag.observe(max(lag.total_seconds(), 0.0))

    def render(self, *collectors: Collector) -> bytes:
        """The exposition text of what all workers measured, then of the collectors."""
        output = generate_latest(self._all_workers())
        for collector in collectors:
            registry = CollectorRegistry()
            registry.register(collector)
            output += generate_latest(registry)
        return output

    def response_time_totals(self) -> tuple[float, float]:
        """Sum of seconds and number of the requests answered by all workers."""
        seconds = count = 0.0
        for metric in self._all_workers().collect():
            if metric.name == _DURATION:
                for sample in metric.samples:
                    seconds += sample.value if sample.name.endswith("_sum") else 0
                    count += sample.value if sample.name.endswith("_count") else 0
        return seconds, count

    def _all_workers(self) -> CollectorRegistry:
        if self._directory is None:
            return self._registry
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._directory))  # type: ignore[no-untyped-call]  # untyped there
        return registry


def clear_worker_files(directory: Path) -> None:
    """Remove what an earlier start's workers measured: a process id may come again."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in [*directory.glob("*.db"), shared_response_times(directory)]:
        file.unlink(missing_ok=True)


def shared_response_times(directory: Path) -> Path:
    """The file of ResponseTime beside the workers' values, which it must not outlive."""
    return directory / "response_time.json"
