"""Faults of what the catalogue refers to."""

import pytest
from small_project import Project, alert


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        (
            "external_metrics.yml",
            "node_load1: {type: number, from: node}",
            "node_load1: type: Input should be",
        ),
        ("external_metrics.yml", "node_load1: {type: gauge}", "node_load1: from: Field required"),
        ("metrics.md", "nothing\n", "has no metrics"),
        ("dashboards/queue.json", "{", "is not JSON:"),
    ],
)
def test_fault_of_what_the_catalogue_refers_to(
    project: Project, file: str, text: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(file, text)

    status = project.compile(alert())

    written = capsys.readouterr().err
    assert status == 2
    assert written.count("\n") == 1
    assert f"{file}: {line}" in written
