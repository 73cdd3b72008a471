"""Rules that a dashboard's JSON has to keep, checked without a Grafana server."""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import Any

import promql_parser

from whatsapp_dashboards.panels import DATA_SOURCE_VARIABLE
from whatsapp_dashboards.production import MANUAL_EXPRESSIONS

Json = dict[str, Any]

CURRENT_TYPES = frozenset(
    {
        "bargauge",
        "gauge",
        "heatmap",
        "histogram",
        "logs",
        "row",
        "stat",
        "state-timeline",
        "status-history",
        "table",
        "text",
        "timeseries",
    }
)
"""Panel types of Grafana 11 and later that the project uses; `graph`, `singlestat`, `table-old` are gone."""

WITHOUT_QUERY = frozenset({"row", "text"})
GRID_COLUMNS = 24
BUILT_IN_METRICS = frozenset({"ALERTS", "ALERTS_FOR_STATE", "up"})
"""Series that Prometheus itself makes."""

VARIABLES: Mapping[str, str] = {
    "$__rate_interval": "2m",
    "${__rate_interval}": "2m",
    "$__interval": "1m",
    "$__range": "6h",
}
"""A value for each of Grafana's own variables, to make an expression parse as it will run."""

_UID = re.compile(r"[a-z0-9][a-z0-9-]{3,39}")
_HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")
_REFERENCE_ROW = re.compile(r"^\| `([a-z_:0-9]+)` \| (\w+) \|", re.MULTILINE)
_FIXED_WINDOW = re.compile(r"\[\s*[0-9]")


def read_metric_names(reference: str) -> frozenset[str]:
    """Return every series name in `docs/metrics.md`, those of histograms' parts included."""
    names: set[str] = set()
    for name, kind in _REFERENCE_ROW.findall(reference):
        if kind == "histogram":
            names.update(name + suffix for suffix in _HISTOGRAM_SUFFIXES)
        else:
            names.add(name)
    return frozenset(names)


def lint(dashboard: Json, metric_names: Collection[str]) -> list[str]:
    """Return what is wrong, one sentence each; empty when nothing is."""
    return [
        *_dashboard_problems(dashboard),
        *_grid_problems(dashboard),
        *(problem for panel in dashboard.get("panels", []) for problem in _panel_problems(panel)),
        *(
            f"{where}: {problem}"
            for where, expr in expressions(dashboard)
            for problem in expression_problems(expr, metric_names)
        ),
    ]


def expressions(dashboard: Json) -> Iterator[tuple[str, str]]:
    """Yield (where, PromQL) of every panel and annotation."""
    for panel in dashboard.get("panels", []):
        for target in panel.get("targets", []):
            yield _name(panel), target.get("expr", "")
    for annotation in dashboard.get("annotations", {}).get("list", []):
        if "expr" in annotation:
            yield f"annotation {annotation.get('name')}", annotation["expr"]


def expression_problems(expr: str, metric_names: Collection[str]) -> Iterator[str]:
    """Yield what is wrong: it does not parse, it names what nobody exposes, its window is fixed."""
    substituted = expr
    for variable, value in VARIABLES.items():
        substituted = substituted.replace(variable, value)
    if "$" in substituted:
        yield "unknown variable in the expression"
        return
    try:
        parsed = promql_parser.parse(substituted)
    except ValueError as error:
        yield f"not PromQL: {error}"
        return
    for name in sorted(selected_metrics(parsed)):
        if name not in metric_names and name not in BUILT_IN_METRICS:
            yield f"no such metric: {name}"
    if _FIXED_WINDOW.search(expr) and expr not in MANUAL_EXPRESSIONS:
        yield "a fixed window; use $__rate_interval"


def selected_metrics(parsed: promql_parser.Expr) -> set[str]:
    """Return the metric names that the expression selects; a selector without a name gives an empty one."""
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            found.add(node.vector_selector.name or "")
        elif isinstance(node, promql_parser.VectorSelector):
            found.add(node.name or "")

    promql_parser.walk(parsed, pre_visit=visit)
    return found


def _dashboard_problems(dashboard: Json) -> Iterator[str]:
    if not _UID.fullmatch(dashboard.get("uid") or ""):
        yield "no fixed uid"
    if dashboard.get("id") is not None:
        yield "has an id, which is a server's own"
    if dashboard.get("editable") is not False:
        yield "is editable"
    if not dashboard.get("title") or not dashboard.get("description"):
        yield "has no title or no description"
    variables = {item.get("name"): item for item in dashboard.get("templating", {}).get("list", [])}
    if variables.get(DATA_SOURCE_VARIABLE, {}).get("type") != "datasource":
        yield "has no data source variable"
    panels = dashboard.get("panels", [])
    for kind in ("id", "title"):
        values = [panel.get(kind) for panel in panels]
        if len(set(values)) != len(values) or not all(values):
            yield f"panels without a {kind} of their own"


def _grid_problems(dashboard: Json) -> Iterator[str]:
    panels = dashboard.get("panels", [])
    for panel in panels:
        grid = panel.get("gridPos") or {}
        x, y, width, height = (grid.get(key, -1) for key in "xywh")
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > GRID_COLUMNS:
            yield f"{_name(panel)}: not inside the grid"
    for first, second in combinations(panels, 2):
        if _overlap(first.get("gridPos") or {}, second.get("gridPos") or {}):
            yield f"{_name(first)} and {_name(second)} overlap"


def _overlap(first: Json, second: Json) -> bool:
    def apart(start: str, size: str) -> bool:
        begin, other = first.get(start, 0), second.get(start, 0)
        return bool(begin + first.get(size, 0) <= other or other + second.get(size, 0) <= begin)

    return not (apart("x", "w") or apart("y", "h"))


def _panel_problems(panel: Json) -> Iterator[str]:
    name = _name(panel)
    if panel.get("type") not in CURRENT_TYPES:
        yield f"{name}: panel type {panel.get('type')} is not a current one"
    if panel.get("type") in WITHOUT_QUERY:
        return
    if not panel.get("description"):
        yield f"{name}: no description"
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield f"{name}: no unit"
    targets = panel.get("targets", [])
    if not targets:
        yield f"{name}: no query"
    references = [target.get("refId") for target in targets]
    if len(set(references)) != len(references) or not all(references):
        yield f"{name}: queries without a refId of their own"
    for source in (panel.get("datasource"), *(target.get("datasource") for target in targets)):
        if (source or {}).get("uid") != f"${{{DATA_SOURCE_VARIABLE}}}":
            yield f"{name}: does not use the data source variable"
            return


def _name(panel: Json) -> str:
    return f"panel {panel.get('title') or panel.get('id')}"
