"""What the lint finds in objectives."""

import pytest
from small_project import Document, Project, lines, objective

OBJECTIVES: list[tuple[Document, str]] = [
    (
        {"good": "sum by (host) (increase(app_queue[${window}]))"},
        "good: increase is for counters, and app_queue",
    ),
    (
        {"total": "sum by (host) (increase(app_request_total[${window}]))"},
        "total: app_request_total is neither",
    ),
    (
        {"total": "sum(increase(app_requests_total[${window}]))"},
        "total: has no labels, and identity names host",
    ),
    (
        {"good": "increase(app_requests_total[${window}])"},
        "good: has unknown labels, and identity names host",
    ),
    ({"good": "sum by (host) ([${window}]"}, "good: is not PromQL:"),
    (
        {
            "signal": {
                "labels": {"host": "a"},
                "series": {"app_requests_total{host='a',status='200'}": "good"},
            }
        },
        "signal: app_requests_total has no label status",
    ),
    (
        {"target_percent": 99, "period": "3000d"},
        "target_percent: no burn rate can fire at a target of 99 %",
    ),
    ({"dashboard": "nothing"}, "dashboard: nothing is not the uid of a dashboard"),
]


@pytest.mark.parametrize(("change", "line"), OBJECTIVES)
def test_fault_of_an_objective(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(objectives=(objective(**change),))

    (written,) = lines(capsys)
    assert status == 2
    assert written.startswith(f"Answers: {line}")
