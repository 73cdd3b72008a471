"""Every metric of the scheduler is in the reference."""

from __future__ import annotations

from pathlib import Path

from whatsapp_service.scheduler.metrics import SchedulerMetrics

REFERENCE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_reference_names_every_metric() -> None:
    text = REFERENCE.read_text()
    families = list(SchedulerMetrics().registry.collect())
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert len(names) >= 8
    assert {name for name in names if f"`{name}`" not in text} == set()
