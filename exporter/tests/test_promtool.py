"""Prometheus' own tool finds nothing to say of the golden pages."""

import shutil
import subprocess
from pathlib import Path

import pytest

COLLECTORS = Path(__file__).parents[1] / "src" / "whatsapp_exporter" / "collectors"
PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("page", sorted(COLLECTORS.glob("*/golden.prom")), ids=lambda page: page.parent.name)
def test_promtool_check_metrics(page: Path) -> None:
    assert PROMTOOL is not None
    with page.open("rb") as file:
        checked = subprocess.run([PROMTOOL, "check", "metrics"], stdin=file, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
