"""What the lint finds in the series that tests feed."""

import pytest
from small_project import Document, Project, alert, lines

SIGNALS = [
    ("{}", "{} is not a series"),
    ("app_queue{", "app_queue{ is not a series:"),
    ("app_queues{host='a'}", "app_queues is neither in docs/metrics.md nor in external_metrics.yml"),
    ("app_duration_seconds{host='a'}", "app_duration_seconds is a histogram, read by"),
]


@pytest.mark.parametrize(("series", "line"), SIGNALS)
def test_fault_of_a_signal(
    project: Project, series: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = alert()
    entry["signal"]["healthy"][series] = "0"

    status = project.compile(entry)

    (written,) = lines(capsys)
    assert status == 2
    assert written.startswith(f"QueueLong: signal: {line}")


SERIES = 'app_queue{job="app",host="a",state="due"}'
STATE: Document = {
    "kind": "state",
    "condition": "max by (host) (app_queue) > 0",
    "thresholds": {},
    "description": {"es": "Hay cola.", "en": "There is a queue."},
}


def signal(**changes: object) -> Document:
    return {
        "healthy": {SERIES: "0"},
        "boundary": [{SERIES: "5"}],
        "faults": [{"name": "full", "labels": {"host": "a"}, "series": {SERIES: "6"}}],
        **changes,
    }


SHAPES: list[tuple[Document, str]] = [
    (
        {**STATE, "kind": "threshold", "signal": signal()},
        "kind: a threshold alert has at least one named threshold",
    ),
    ({"signal": signal(boundary=[])}, "signal: a threshold alert says in boundary what is just not a fault"),
    (
        {**STATE, "signal": signal(healthy={})},
        "signal: healthy is empty for what always fires, and only for that",
    ),
    (
        {"signal": signal(faults=[{"name": "full", "labels": {}, "series": {SERIES: "6"}}])},
        "signal: the labels of the fault 'full' are not those of identity",
    ),
    (
        {"signal": signal(faults=[{"name": "full", "labels": {"host": "{{ a }}"}, "series": {SERIES: "6"}}])},
        "signal: the label host of the fault 'full' is not a value",
    ),
    (
        {"signal": signal(boundary=[{SERIES: "five"}])},
        "signal: 'five' is not arithmetic of numbers and thresholds",
    ),
    (
        {"signal": signal(healthy={SERIES: "counter 0 - 1"})},
        "signal: 'counter 0 - 1' is a counter that falls",
    ),
    (
        {"signal": signal(healthy={SERIES: "counter 1 from here"})},
        "signal: 'here' is not arithmetic of numbers and thresholds",
    ),
    ({"signal": signal(boundary=[{SERIES: "${most}"}])}, "thresholds: ${most} is used and not defined"),
]


@pytest.mark.parametrize(("change", "line"), SHAPES)
def test_signal_fits_the_kind_and_the_identity(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(alert(**change))

    assert (lines(capsys), status) == ([f"QueueLong: {line}"], 2)


def test_signal_may_be_infinite_or_a_counter_with_a_start(project: Project) -> None:
    fault: Document = {"name": "full", "labels": {"host": "a"}}
    growing = signal(faults=[{**fault, "series": {SERIES: "counter 1 from 6"}}])
    infinite = signal(faults=[{**fault, "series": {SERIES: "inf"}}])

    assert project.compile(alert(signal=growing), alert("Other", signal=infinite)) == 0

    written = (project.output / "tests/rules/all.test.yml").read_text("utf-8")
    assert " 6+30x" in written
    assert " Inf Inf " in written


def test_absence_carries_the_labels_that_are_asked_for(project: Project) -> None:
    entry = alert(
        condition='absent_over_time(app_queue{host="a",state="due"}[5m])',
        kind="absence",
        thresholds={},
        identity=["host", "state"],
        description={"es": "No hay cola.", "en": "There is no queue."},
    )
    series = next(iter(entry["signal"]["healthy"]))
    entry["signal"] = {
        "healthy": {series: "0"},
        "faults": [{"name": "gone", "labels": {"host": "a", "state": "due"}, "series": {series: "absent"}}],
    }

    assert project.compile(entry) == 0
