"""Files that are no catalogue, and entries that do not fit the model: one line each, naming the field."""

from pathlib import Path

import pytest
from small_project import Document, Project, alert, lines, objective
from whatsapp_alerting.__main__ import main

ENTRIES: list[tuple[Document, str]] = [
    ({"severity": "urgent"}, "severity: Input should be 'critical', 'warning' or 'info'"),
    ({"cooldwn": "5m"}, "cooldwn: Extra inputs are not permitted"),
    ({"for": "five minutes"}, "for: 'five minutes' is not a duration such as 30s, 5m or 1h30m"),
    ({"channels": ["slack", "slack"]}, "channels: names a channel twice"),
    ({"channels": []}, "channels: List should have at least 1 item after validation, not 0"),
    ({"thresholds": {"limit": "many"}}, "thresholds.limit: Input should be a valid number, unable to parse"),
    ({"runbook": "../Queue.md"}, "runbook: String should match pattern"),
    ({"summary": {"es": "Cola larga"}}, "summary.en: Field required"),
    (
        {"inhibited_by": [{"alert": "Other", "equal": []}]},
        "inhibited_by.0.equal: List should have at least 1",
    ),
]


@pytest.mark.parametrize(("change", "line"), ENTRIES)
def test_fault_of_an_alert_is_one_line_with_entry_and_field(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(alert("Other"), alert(**change))

    (written,) = lines(capsys)
    assert status == 2
    assert written.startswith(f"QueueLong: {line}")
    assert not project.output.exists()


OBJECTIVES: list[tuple[Document, str]] = [
    ({"target_percent": 100}, "target_percent: Input should be less than 100"),
    ({"good": "sum(app_requests_total)"}, "good: has no range ${window}"),
    ({"identity": ["instance"]}, "signal.labels: are not those of identity"),
    ({"companion": {"error_percent": 0}}, "companion.error_percent: Input should be greater than 0"),
]


@pytest.mark.parametrize(("change", "line"), OBJECTIVES)
def test_fault_of_an_objective_is_one_line_with_entry_and_field(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(alert(), objectives=(objective(**change),))

    (written,) = lines(capsys)
    assert status == 2
    assert line in written
    assert written.startswith("Answers: ")


def test_entry_without_a_name_is_told_by_its_place(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    nameless = alert()
    del nameless["name"]

    assert project.compile(alert(), nameless) == 2
    assert lines(capsys) == ["alerts[1]: name: Field required"]


def test_alert_defined_twice_is_refused(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.compile(alert(), alert("Other"), alert()) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{project.output.parent / 'catalog.yml'}: defined more than once: QueueLong"
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a: [", "line 1: "),
        ("timing: {}\ntiming: {}\n", "line 2: the key 'timing' is written twice"),
        ("[]", "Input should be a valid dictionary or instance of Root"),
        ("x" * 1_000_001, "is larger than 1000000 bytes"),
        ("\x00", "special characters are not allowed"),
    ],
)
def test_file_that_is_not_a_catalogue_is_one_line(
    project: Project, content: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("catalog.yml", content)

    status = project.run()

    (written,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert written.startswith(f"{project.output.parent / 'catalog.yml'}: ")
    assert line in written


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("alerts: []\n", "has neither alerts nor objectives"),
        ("alerts: [1]\n", "alerts[0]: Input should be a valid dictionary or instance of Alert"),
        ("alerts: {}\n", "alerts: Input should be a valid list"),
        ("- 1\n", "Input should be a valid dictionary or instance of Area"),
    ],
)
def test_area_without_entries_is_one_line(
    project: Project, content: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.compile(alert())
    project.write("catalog/all.yml", content)

    status = project.run()

    assert (lines(capsys), status) == ([line], 2)


@pytest.mark.parametrize("name", ["overrides.yml", "catalog.yml", "catalog/all.yml", "metrics.md"])
def test_missing_file_is_one_line(
    project: Project, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.compile(alert())
    (tmp_path / name).unlink()
    capsys.readouterr()

    status = project.run()

    assert status == 2
    assert capsys.readouterr().err == f"{tmp_path / name}: No such file or directory\n"


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["compil"])

    assert error.value.code == 2
    assert "invalid choice: 'compil'" in capsys.readouterr().err
