"""What the lint finds in inhibitions: one line each, naming entry and field."""

import pytest
from small_project import Document, Project, alert, lines, objective

BY_STATE: Document = {
    "condition": "max by (host, state) (last_over_time(app_queue[2m])) > ${limit}",
    "identity": ["host", "state"],
}

INHIBITIONS: list[tuple[Document, str]] = [
    ({"alert": "Nothing"}, "names Nothing, which is not in the catalogue"),
    ({"alert": "QueueLong"}, "an alert cannot inhibit itself"),
    ({"alert": "ByState", "equal": ["state"]}, "QueueLong does not carry the label state"),
    ({"alert": "Other", "source_labels": {"state": "due"}}, "Other does not carry the label state"),
    ({"alert": "ByState", "target_labels": {"state": "due"}}, "QueueLong does not carry the label state"),
    (
        {"alert": "Other", "target_labels": {"host": "{{ $value }}"}},
        "host is compared as it is written, so {{ $value }} is not a value",
    ),
    (
        {"alert": "ByState", "source_labels": {"state": "${limit}"}},
        "state is compared as it is written, so ${limit} is not a value",
    ),
    ({"alert": "Later"}, "Later fires later (for 5m) than what it inhibits"),
]


def by_state(name: str, **changes: object) -> Document:
    entry = alert(name, **BY_STATE, **changes)
    for fault in entry["signal"]["faults"]:
        fault["labels"]["state"] = "due"
    return entry


@pytest.mark.parametrize(("inhibition", "line"), INHIBITIONS)
def test_fault_of_an_inhibition(
    project: Project, inhibition: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    later = alert("Later", **{"for": "5m", "detect_within": "8m"})

    status = project.compile(
        alert(inhibited_by=[{"equal": ["host"], **inhibition}]), alert("Other"), by_state("ByState"), later
    )

    assert (lines(capsys), status) == ([f"QueueLong: inhibited_by.0: {line}"], 2)


@pytest.mark.parametrize(
    ("target_percent", "source", "problems"),
    [
        (99, {"for": "1m", "detect_within": "3m"}, []),  # before what takes nine minutes of outage
        (
            99.9,
            {"for": "2m", "detect_within": "4m"},  # after what takes one
            ["AnswersBurn1h: inhibited_by.0: QueueLong fires later (for 2m) than what it inhibits"],
        ),
    ],
)
def test_burn_rate_is_inhibited_by_what_fires_before_its_window_notices(
    project: Project,
    target_percent: float,
    source: Document,
    problems: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = objective(
        target_percent=target_percent, inhibited_by=[{"alert": "QueueLong", "equal": ["host"]}]
    )

    status = project.compile(alert(**source), objectives=(answers,))

    assert (lines(capsys), status) == (problems, 2 if problems else 0)


def test_alerts_that_keep_each_other_quiet(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    around = [
        alert(name, inhibited_by=[{"alert": by, "equal": ["host"]}])
        for name, by in (("First", "Third"), ("Second", "First"), ("Third", "Second"))
    ]

    status = project.compile(*around)

    assert status == 2
    assert lines(capsys) == [
        "First: inhibited_by.0: closes a circle of alerts that keep each other quiet: First, Second, Third"
    ]


def test_circle_that_labels_keep_open_is_none(project: Project) -> None:
    quiet = [{"alert": "Second", "equal": ["host"], "target_labels": {"state": "due"}}]
    back = [{"alert": "First", "equal": ["host"], "source_labels": {"state": "late"}}]

    assert project.compile(by_state("First", inhibited_by=quiet), alert("Second", inhibited_by=back)) == 0
