"""The API's Prometheus metrics: what its workers measured, and the figures of the database at the scrape."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from whatsapp_service.figures import Figures

_DURATION: Final = "whatsapp_http_request_duration_seconds"
_FAST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG_BUCKETS: Final = (0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400, 604800)
_WINDOW: Final = timedelta(minutes=5)


class ApiMetrics:
    """What one API process counts; with several workers the values are files in `directory`."""

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
            "Webhook requests by result (accepted, bad_signature, too_large, error, verified, refused).",
            ["result"],
            registry=self._registry,
        )
        self.webhook_requests.labels("accepted")  # rates need the series before its first event
        self.webhook_duration = Histogram(
            "whatsapp_webhook_duration_seconds",
            "Seconds to answer a webhook, the commit of its body included.",
            buckets=_FAST_BUCKETS,
            registry=self._registry,
        )
        self.webhook_lag = Histogram(
            "whatsapp_webhook_lag_seconds",
            "Seconds between a status at Meta and the receipt of its webhook.",
            buckets=_LAG_BUCKETS,
            registry=self._registry,
        )

    def render(self, figures: Figures | None, response_time_ms: float) -> bytes:
        """The exposition text; without figures (no database) only what the workers measured."""
        registry = self._all_workers()
        output = generate_latest(registry)
        if figures is not None:
            of_figures = CollectorRegistry()
            of_figures.register(_FiguresCollector(figures, response_time_ms))
            output += generate_latest(of_figures)
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


class ResponseTime:
    """Mean response time over about the last five minutes, from samples of growing totals."""

    def __init__(self) -> None:
        self._samples: deque[tuple[datetime, float, float]] = deque()

    def observe(self, now: datetime, totals: tuple[float, float]) -> float:
        """Take a sample and return the mean in milliseconds; 0 when nothing was asked meanwhile."""
        while len(self._samples) > 1 and self._samples[1][0] <= now - _WINDOW:
            self._samples.popleft()
        base = self._samples[0] if self._samples else (now, 0.0, 0.0)
        self._samples.append((now, *totals))
        seconds, count = totals[0] - base[1], totals[1] - base[2]
        return round(1000 * seconds / count, 3) if count > 0 else 0.0


class _FiguresCollector(Collector):
    def __init__(self, figures: Figures, response_time_ms: float) -> None:
        self._figures = figures
        self._response_time_ms = response_time_ms

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        sent = CounterMetricFamily(
            "whatsapp_notifications_sent_total", "Notifications accepted by Meta, ever."
        )
        sent.add_metric([], figures.sent_ever)
        yield sent
        error_percent = 100 * figures.error_ratio
        gauges = {
            "whatsapp_notifications_total": ("Notifications accepted today.", figures.total),
            "whatsapp_error_rate_percentage": (
                "Failed among today's finished notifications, in percent.",
                error_percent,
            ),
            # The manual's collect_metrics.sh pushes the percentage under this name.
            "whatsapp_error_rate": ("The same, by the manual's older name.", error_percent),
            "whatsapp_success_rate_percentage": (
                "Not failed among today's finished notifications, in percent.",
                100 - error_percent,
            ),
            "whatsapp_pending_notifications": ("Notifications due now and not sent.", figures.due),
            "whatsapp_response_time_ms": (
                "Mean response time of the API over about five minutes, in milliseconds.",
                self._response_time_ms,
            ),
        }
        for name, (documentation, value) in gauges.items():
            yield GaugeMetricFamily(name, documentation, value=value)


def clear_worker_files(directory: Path) -> None:
    """Remove what an earlier start's workers measured: a process id may come again."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.glob("*.db"):
        file.unlink(missing_ok=True)
