"""`docs/metrics.md` says what the catalogue says."""

from pathlib import Path

import pytest
from whatsapp_exporter.metrics.catalogue import CATALOGUE
from whatsapp_exporter.metrics_reference import main, render

REFERENCE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_reference_is_current() -> None:
    stale = "stale: run python -m whatsapp_exporter.metrics_reference"
    assert REFERENCE.read_text(encoding="utf-8") == render(), stale


def test_reference_names_every_metric_once() -> None:
    text = render()
    assert all(text.count(f"| `{definition.name}` |") == 1 for definition in CATALOGUE)


def test_check_tells_a_stale_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "metrics.md"
    output.write_text("old", encoding="utf-8")
    assert main(["--check", "--output", str(output)]) == 1
    assert "is stale" in capsys.readouterr().err
    assert main(["--output", str(output)]) == 0
    assert main(["--check", "--output", str(output)]) == 0


def test_check_tells_an_absent_file(tmp_path: Path) -> None:
    assert main(["--check", "--output", str(tmp_path / "none.md")]) == 1
