"""Each rule of the lint finds what breaks it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from whatsapp_dashboards.catalogue import encode
from whatsapp_dashboards.language import Language
from whatsapp_dashboards.lint import expression_problems, lint, read_metric_names
from whatsapp_dashboards.production import build_production

Json = dict[str, Any]
METRICS = frozenset(
    {
        "whatsapp_notifications_sent_total",
        "whatsapp_success_rate_percentage",
        "whatsapp_error_rate_percentage",
        "whatsapp_response_time_ms",
        "whatsapp_pending_notifications",
        "whatsapp_health_status",
        "whatsapp_health_component_status",
    }
)


@pytest.fixture
def good() -> Json:
    """A dashboard that keeps every rule."""
    content: Json = json.loads(encode(build_production(Language.EN)))
    return content


def test_good_dashboard_has_no_problem(good: Json) -> None:
    assert lint(good, METRICS) == []


BREAKS: list[tuple[str, Callable[[Json], object]]] = [
    ("no fixed uid", lambda board: board.pop("uid")),
    ("has an id", lambda board: board.update(id=3)),
    ("is editable", lambda board: board.update(editable=True)),
    ("no title or no description", lambda board: board.update(description="")),
    ("no data source variable", lambda board: board["templating"].update(list=[])),
    ("panels without a id", lambda board: board["panels"][1].update(id=1)),
    ("panels without a title", lambda board: board["panels"][1].pop("title")),
    ("overlap", lambda board: board["panels"][1]["gridPos"].update(x=5)),
    ("not inside the grid", lambda board: board["panels"][3]["gridPos"].update(x=20)),
    ("panel type singlestat", lambda board: board["panels"][2].update(type="singlestat")),
    ("panel type graph", lambda board: board["panels"][4].update(type="graph")),
    ("no description", lambda board: board["panels"][0].pop("description")),
    ("no unit", lambda board: board["panels"][0]["fieldConfig"]["defaults"].pop("unit")),
    ("no query", lambda board: board["panels"][0].update(targets=[])),
    ("refId", lambda board: board["panels"][0]["targets"][0].pop("refId")),
    ("data source variable", lambda board: board["panels"][0]["datasource"].update(uid="prom")),
    ("not PromQL", lambda board: board["panels"][0]["targets"][0].update(expr="sum(")),
    ("no such metric: x", lambda board: board["annotations"]["list"][0].update(expr="x > 1")),
]


@pytest.mark.parametrize(("problem", "break_it"), BREAKS, ids=[problem for problem, _ in BREAKS])
def test_each_rule_finds_its_breach(good: Json, problem: str, break_it: Callable[[Json], object]) -> None:
    board = copy.deepcopy(good)
    break_it(board)
    assert any(problem in found for found in lint(board, METRICS))


@pytest.mark.parametrize(
    ("expr", "problem"),
    [
        ("rate(whatsapp_notifications_sent_total[$__rate_interval])", None),
        ("rate(whatsapp_notifications_sent_total[5m])", None),  # the manual's own
        ("increase(whatsapp_notifications_sent_total[5m])", "a fixed window"),
        ("whatsapp_pending_notifications{host=~'$host'}", "unknown variable"),
        ("rate(whatsapp_nothing_total[$__rate_interval])", "no such metric: whatsapp_nothing_total"),
        ('{job="node"}', "no such metric: "),
    ],
)
def test_expressions(expr: str, problem: str | None) -> None:
    found = list(expression_problems(expr, METRICS))
    assert found == [] if problem is None else any(text.startswith(problem) for text in found)


def test_reference_gives_series_names() -> None:
    reference = (
        "| `a_total` | counter | x | - | A |\n| `b_seconds` | histogram | s | - | B |\n| Name | Type |\n"
    )
    assert read_metric_names(reference) == {"a_total", "b_seconds_bucket", "b_seconds_sum", "b_seconds_count"}
