"""Prometheus' own tool finds nothing to say of the golden pages."""

import shutil
import subprocess
from pathlib import Path

import pytest

COLLECTORS = Path(__file__).parents[1] / "src" / "whatsapp_exporter" / "collectors"
PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("collector", ["health", "database"])
def test_promtool_check_metrics(collector: str) -> None:
    assert PROMTOOL is not None
    page = (COLLECTORS / collector / "golden.prom").read_bytes()
    checked = subprocess.run([PROMTOOL, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
