"""The metrics that are read from the database when Prometheus asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from whatsapp_service.figures import Figures
from whatsapp_service.pauses import Pause, Scope

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Scraped:
    """What the database knows now, and the mean response time in milliseconds."""

    figures: Figures
    pauses: Sequence[Pause]
    response_time_ms: float


class ScrapedCollector(Collector):
    """`scraped` None: the database could not be read, its metrics are left out.

    `version_days_left` None: the end of the Graph API's version is not known.
    """

    def __init__(self, scraped: Scraped | None, version_days_left: int | None) -> None:
        self._scraped = scraped
        self._version_days_left = version_days_left

    def collect(self) -> Iterator[Metric]:
        if self._version_days_left is not None:
            yield GaugeMetricFamily(
                "whatsapp_graph_api_version_remaining_seconds",
                "Seconds until Meta ends the version of the Graph API that is used; negative after it.",
                value=self._version_days_left * _DAY,
            )
        if self._scraped is not None:
            yield from _figures(self._scraped.figures, self._scraped.response_time_ms)
            yield _pauses(self._scraped.pauses)


def _figures(figures: Figures, response_time_ms: float) -> Iterator[Metric]:
    sent = CounterMetricFamily("whatsapp_notifications_sent_total", "Notifications accepted by Meta, ever.")
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
            response_time_ms,
        ),
    }
    for name, (documentation, value) in gauges.items():
        yield GaugeMetricFamily(name, documentation, value=value)


def _pauses(pauses: Sequence[Pause]) -> Metric:
    family = GaugeMetricFamily(
        "whatsapp_sending_paused", "Pauses of sending in force, by what they stop.", labels=["scope"]
    )
    in_force = Counter(pause.scope for pause in pauses)
    for scope in Scope:
        family.add_metric([scope.value], in_force[scope])
    return family
