"""The metrics that conditions may read, with their types.

The stack's own are those of the reference (`docs/metrics.md`), those of other exporters are in
`external_metrics.yml`, and objectives record their own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from whatsapp_alerting.alert import CatalogModel
from whatsapp_alerting.loading import read_yaml
from whatsapp_alerting.problems import InvalidInputError, Problem

RECORDED = "objective:"
"""What the names of recorded series begin with."""
OWN = "whatsapp_"
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")
BUCKET_LABEL = "le"

FROM_PROMETHEUS = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "ALERTS",
    "ALERTS_FOR_STATE",
)
"""Written by Prometheus itself, of every target and alert."""

_ROW = re.compile(
    r"^\| `(?P<name>[a-z_:][a-z0-9_:]*)` \| (?P<type>\w+) \| (?P<unit>[^|]*) \| (?P<labels>[^|]*) \|"
)


class MetricType(StrEnum):
    """How a metric's values behave."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a metric."""

    type: MetricType
    unit: str | None = None
    labels: frozenset[str] | None = None
    """Its own labels, without those of the target; None when they are not known."""


class ExternalMetric(CatalogModel):
    """A metric of an exporter that is not ours."""

    type: MetricType
    source: str = Field(alias="from", min_length=3, max_length=200, description="Who exposes it")


class MetricNames:
    """The known metrics by name; parts of histograms are known by the histogram's name."""

    def __init__(self, metrics: Mapping[str, Metric], *, external_known: bool = True) -> None:
        """Take the metrics; `external_known` False accepts every name that is not ours."""
        self._metrics = metrics
        self._external_known = external_known

    def __contains__(self, name: str) -> bool:
        if name.startswith(RECORDED) or self.series(name) is not None or self.is_whole_histogram(name):
            return True
        return not self._external_known and not name.startswith(OWN)

    def is_whole_histogram(self, name: str) -> bool:
        """Say whether `name` is a histogram's, which has no series of its own."""
        metric = self._metrics.get(name)
        return metric is not None and metric.type is MetricType.HISTOGRAM

    def series(self, name: str) -> Metric | None:
        """Return what is known of the series called `name`: a part of a histogram is a counter."""
        metric = self._metrics.get(name)
        if metric is not None:
            return None if metric.type is MetricType.HISTOGRAM else metric
        for part in HISTOGRAM_PARTS:
            whole = self._metrics.get(name.removesuffix(part)) if name.endswith(part) else None
            if whole is not None and whole.type is MetricType.HISTOGRAM:
                bucket = {BUCKET_LABEL} if part == "_bucket" else set()
                labels = None if whole.labels is None else whole.labels | bucket
                return Metric(MetricType.COUNTER, labels=labels)
        return None


def load_metric_names(reference: Path, external: Path) -> MetricNames:
    """Read the reference page and the list of other exporters' metrics.

    While there is no such list, every name that is not ours is accepted.

    Raises:
        InvalidInputError: the reference is missing or has no metrics, or the list does not fit.
    """
    try:
        rows = [_ROW.match(line) for line in reference.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise InvalidInputError(
            [Problem(str(reference), "", "", error.strerror or "cannot be read")]
        ) from error
    metrics = {row["name"]: _documented(row) for row in rows if row is not None}
    if not metrics:
        raise InvalidInputError([Problem(str(reference), "", "", "has no metrics")])
    metrics |= {name: Metric(MetricType.GAUGE) for name in FROM_PROMETHEUS}
    if not external.is_file():
        return MetricNames(metrics, external_known=False)
    return MetricNames({**_external(external), **metrics})


def _documented(row: re.Match[str]) -> Metric:
    return Metric(
        MetricType(row["type"]), row["unit"].strip(), frozenset(re.findall(r"`([^`]+)`", row["labels"]))
    )


def _external(path: Path) -> dict[str, Metric]:
    try:
        listed = TypeAdapter(dict[str, ExternalMetric]).validate_python(read_yaml(path))
    except ValidationError as error:
        raise InvalidInputError([_problem(path, detail) for detail in error.errors()]) from error
    return {name: Metric(metric.type) for name, metric in listed.items()}


def _problem(path: Path, detail: ErrorDetails) -> Problem:
    name, *field = (str(part) for part in (*detail["loc"], ""))
    return Problem(str(path), name, ".".join(field[:-1]), detail["msg"])
