"""The command `whatsapp-dashboards`."""

import json
from pathlib import Path

import pytest
from whatsapp_dashboards.__main__ import main

METRICS = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_build_then_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = ["--output", str(tmp_path)]
    assert main(["build", *output, "--check"]) == 1
    assert main(["build", *output]) == 0
    assert main(["build", *output, "--check"]) == 0
    (tmp_path / "en" / "whatsapp-production.json").write_text("{}", encoding="utf-8")
    assert main(["build", *output, "--check"]) == 1
    assert main(["build", *output, "--check", "--language", "es"]) == 0
    assert capsys.readouterr().err.splitlines()[-1].endswith("is stale: run whatsapp-dashboards build")


def test_build_one_language(tmp_path: Path) -> None:
    assert main(["build", "--output", str(tmp_path), "--language", "en"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["en"]


def test_lint_reports_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "metrics.md"
    empty.write_text("", encoding="utf-8")
    assert main(["lint", "--metrics", str(METRICS)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["lint", "--metrics", str(empty), "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)
    assert {problem["language"] for problem in problems} == {"es", "en"}
    assert any("no such metric: whatsapp_response_time_ms" in problem["problem"] for problem in problems)


def test_absent_reference_is_one_line_and_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--metrics", str(tmp_path / "none.md")]) == 1
    assert capsys.readouterr().err.endswith("none.md: No such file or directory\n")


@pytest.mark.parametrize("arguments", [[], ["build", "--language", "fr"], ["paint"]])
def test_wrong_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err
