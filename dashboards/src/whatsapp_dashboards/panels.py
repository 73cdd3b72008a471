"""Panels with what the SDK leaves out: fixed ids, refIds, positions, the data source variable, units, texts.

Only current panel types are built (no `graph`, `singlestat` or other Angular ones, gone in Grafana 12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, gauge, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    FieldTextAlignment,
    GraphGradientMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    GridPos,
    Panel,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATA_SOURCE_VARIABLE = "datasource"
DATA_SOURCE = DataSourceRef(type_val="prometheus", uid=f"${{{DATA_SOURCE_VARIABLE}}}")


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and the legend of its series (`{{label}}` for a label's value)."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What every panel has, texts in the dashboard's language.

    `id` is unique in the dashboard and never given to another panel, so that links to it stay. `unit` is one
    of Grafana's (models.units). `grid` is in the 24-column grid.
    """

    id: int
    title: str
    description: str
    unit: str
    grid: GridPos


@dataclass(frozen=True, slots=True)
class Step:
    """From `value` on (None: from below) the colour is this one."""

    value: float | None
    color: str


@dataclass(frozen=True, slots=True)
class Named:
    """A value that is shown as a text in a colour."""

    value: int
    text: str
    color: str


def time_series(frame: Frame, queries: Sequence[Query], steps: Sequence[Step]) -> Panel:
    """Return lines over time."""
    builder = (
        timeseries.Panel()
        .unit(frame.unit)
        .thresholds(_thresholds(steps))
        .min(0)
        .line_width(2)
        .fill_opacity(15)
        .gradient_mode(GraphGradientMode.OPACITY)
        .show_points(VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    return _framed(builder.build(), frame, [_target(query) for query in queries])


def single_stat(
    frame: Frame, query: Query, steps: Sequence[Step], *, names: Sequence[Named] = (), sparkline: bool = True
) -> Panel:
    """Return one number, or its name, coloured by its level."""
    builder = (
        stat.Panel()
        .unit(frame.unit)
        .thresholds(_thresholds(steps))
        .mappings(_mappings(names))
        .graph_mode(BigValueGraphMode.AREA if sparkline else BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.BACKGROUND if names else BigValueColorMode.VALUE)
        .text_mode(BigValueTextMode.VALUE)
        .reduce_options(_last_value())
    )
    return _framed(builder.build(), frame, [_target(query)])


def dial(frame: Frame, query: Query, steps: Sequence[Step], *, maximum: float) -> Panel:
    """Return a gauge from 0 to `maximum`."""
    builder = (
        gauge.Panel()
        .unit(frame.unit)
        .thresholds(_thresholds(steps))
        .min(0)
        .max(maximum)
        .reduce_options(_last_value())
    )
    return _framed(builder.build(), frame, [_target(query)])


def state_timeline(frame: Frame, queries: Sequence[Query], names: Sequence[Named]) -> Panel:
    """Return states over time, one band for each series."""
    builder = (
        statetimeline.Panel()
        .unit(frame.unit)
        .thresholds(_thresholds([Step(None, "text")]))
        .mappings(_mappings(names))
        .merge_values(True)
        .show_value(VisibilityMode.NEVER)
        .row_height(0.8)
        .fill_opacity(80)
        .line_width(0)
        .legend(_legend())
    )
    return _framed(builder.build(), frame, [_target(query) for query in queries])


def instant_table(frame: Frame, query: Query, *, columns: Mapping[str, str]) -> Panel:
    """Return the series that there are now, one in each row; `columns`: label -> heading, in order."""
    arrange = DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": {"Time": True, "Value": True},
            "indexByName": {label: position for position, label in enumerate(columns)},
            "renameByName": dict(columns),
        },
    )
    builder = (
        table.Panel()
        .unit(frame.unit)
        .show_header(True)
        .align(FieldTextAlignment.AUTO)
        .inspect(False)
        .with_transformation(arrange)
    )
    target = _target(query).instant().format(PromQueryFormat.TABLE)
    return _framed(builder.build(), frame, [target])


def _framed(panel: Panel, frame: Frame, targets: Sequence[prometheus.Dataquery]) -> Panel:
    panel.id_val = frame.id
    panel.title = frame.title
    panel.description = frame.description
    panel.grid_pos = frame.grid
    panel.datasource = DATA_SOURCE
    panel.targets = [
        target.ref_id(chr(ord("A") + position)).build() for position, target in enumerate(targets)
    ]
    return panel


def _target(query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).datasource(DATA_SOURCE).range()


def _thresholds(steps: Sequence[Step]) -> ThresholdsConfig:
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=step.value, color=step.color) for step in steps])
    )


def _mappings(names: Sequence[Named]) -> list[ValueMapping]:
    if not names:
        return []
    results = {
        str(named.value): ValueMappingResult(text=named.text, color=named.color, index=position)
        for position, named in enumerate(names)
    }
    return [ValueMap(options=results)]


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )


def _last_value() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
