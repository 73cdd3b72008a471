"""Faults of a PromQL expression, whatever it is used for: metrics, functions, ranges, matching."""

from collections.abc import Iterator
from dataclasses import dataclass

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatchOp,
    MatrixSelector,
    ParenExpr,
    SubqueryExpr,
    VectorSelector,
)

from whatsapp_alerting.catalog import Timing
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.lint.recorded import RecordedSeries
from whatsapp_alerting.metric_names import BUCKET_LABEL, HISTOGRAM_PARTS, RECORDED, MetricNames, MetricType
from whatsapp_alerting.output_labels import mismatches, output_labels
from whatsapp_alerting.promql_tree import NAME, bare, metric_name, nodes, vector_arguments

SCRAPES_IN_RANGE = 4
TARGET_LABELS = frozenset({"job", "instance", "host"})
"""What the targets add to every series that is scraped."""

OF_COUNTERS = frozenset({"rate", "irate", "increase", "resets"})
OF_GAUGES = frozenset(
    {
        "deriv",
        "delta",
        "idelta",
        "predict_linear",
        "holt_winters",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "sum_over_time",
        "quantile_over_time",
        "stddev_over_time",
        "stdvar_over_time",
    }
)
_ABSENCE = frozenset({"absent", "absent_over_time"})
_QUANTILES = frozenset({"histogram_quantile"})


@dataclass(frozen=True, slots=True)
class ExpressionLint:
    """The checks, with what they look things up in."""

    metrics: MetricNames
    recorded: RecordedSeries
    timing: Timing

    def faults(self, tree: Expr) -> Iterator[str]:
        """Return what is wrong, each fault once."""
        yield from dict.fromkeys(self._faults(tree))

    def _faults(self, tree: Expr) -> Iterator[str]:
        shortest = SCRAPES_IN_RANGE * self.timing.scrape_interval
        for node in nodes(tree):
            match node:
                case VectorSelector():
                    yield from self._selector(node)
                case MatrixSelector() | SubqueryExpr() if node.range is not None:
                    seconds = int(node.range.total_seconds())
                    if seconds < shortest:
                        yield (
                            f"the range {format_duration(seconds)} is shorter than {SCRAPES_IN_RANGE} scrapes"
                            f" ({format_duration(shortest)})"
                        )
                case _:
                    pass
            if isinstance(node, Call):
                yield from self._call(node)
        yield from mismatches(tree, self.recorded.labels)

    def metric(self, name: str) -> str | None:
        """Return what is wrong with reading the series called `name`."""
        if name.startswith(RECORDED):
            return None if name in self.recorded else f"{name} is not recorded by any objective"
        if self.metrics.is_whole_histogram(name):
            parts = ", ".join(name + part for part in HISTOGRAM_PARTS)
            return f"{name} is a histogram, read by {parts}"
        if name not in self.metrics:
            return f"{name} is neither in docs/metrics.md nor in external_metrics.yml"
        return None

    def _selector(self, selector: VectorSelector) -> Iterator[str]:
        name = metric_name(selector)
        if name is None:
            return
        wrong = self.metric(name)
        if wrong is not None:
            yield wrong
            return
        series = self.metrics.series(name)
        if series is None or series.labels is None:
            return
        for matcher in selector.matchers.matchers:
            if matcher.name not in series.labels | TARGET_LABELS | {NAME}:
                yield f"{name} has no label {matcher.name}"

    def _call(self, call: Call) -> Iterator[str]:
        name = call.func.name
        if name in OF_COUNTERS:
            yield from self._of_counters(call)
        elif name in OF_GAUGES:
            for metric in self._read_directly(call):
                if self._type(metric) is MetricType.COUNTER:
                    yield f"{name} is for gauges, and {metric} is a counter"
        elif name in _ABSENCE:
            yield from _absence(call)
        elif name in _QUANTILES:
            labels = output_labels(vector_arguments(call)[-1], self.recorded.labels)
            if not labels.can_have(BUCKET_LABEL):
                yield f"{name} needs the label {BUCKET_LABEL}, which the aggregation drops"

    def _of_counters(self, call: Call) -> Iterator[str]:
        name = call.func.name
        for argument in map(bare, call.args):
            if not isinstance(argument, SubqueryExpr):
                continue
            if any(isinstance(one, AggregateExpr | BinaryExpr) for one in nodes(argument.expr)):
                yield f"{name} over a sum takes a reset of one series for growth: sum the {name} instead"
        for metric in self._read_directly(call):
            if self._type(metric) is MetricType.GAUGE:
                yield f"{name} is for counters, and {metric} is a gauge"

    def _read_directly(self, call: Call) -> Iterator[str]:
        """Return the metrics whose own samples the call looks at."""
        for argument in map(bare, call.args):
            inner: Expr = argument
            while isinstance(inner, ParenExpr | MatrixSelector | SubqueryExpr):
                inner = inner.vector_selector if isinstance(inner, MatrixSelector) else inner.expr
            name = metric_name(inner) if isinstance(inner, VectorSelector) else None
            if name is not None:
                yield name

    def _type(self, name: str) -> MetricType | None:
        series = self.metrics.series(name)
        if series is not None:
            return series.type
        return MetricType.GAUGE if name.startswith(RECORDED) else None


def _absence(call: Call) -> Iterator[str]:
    for node in nodes(call):
        if isinstance(node, VectorSelector):
            for matcher in node.matchers.matchers:
                if matcher.op != MatchOp.Equal:
                    yield (
                        f"{call.func.name} cannot say which series is absent: it asks {matcher.name} for more"
                        " than one value"
                    )
