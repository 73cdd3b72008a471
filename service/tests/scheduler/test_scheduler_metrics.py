"""The scheduler's metrics: in the reference, and there from the start."""

from __future__ import annotations

from pathlib import Path

from whatsapp_service.graph.errors import ErrorClass
from whatsapp_service.scheduler.metrics import SchedulerMetrics

REFERENCE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_reference_names_every_metric() -> None:
    text = REFERENCE.read_text()
    families = list(SchedulerMetrics().registry.collect())
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert len(names) >= 8
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_ways_a_send_can_end_are_at_zero_before_the_first() -> None:
    ends: dict[str, set[str]] = {}
    for family in SchedulerMetrics().registry.collect():
        for sample in family.samples:
            if sample.name == "whatsapp_send_requests_total":
                assert sample.value == 0
                ends.setdefault(sample.labels["error_class"], set()).add(sample.labels["result"])
    assert ends == {
        "none": {"accepted"},
        "transient": {"retry", "failed"},
        "throttled": {"held"},
        "recipient_throttled": {"retry", "failed"},
        "sender_blocked": {"held"},
        "auth": {"held"},
        "template_held": {"held"},
        "template": {"failed"},
        "request": {"failed"},
        "recipient": {"failed"},
        "deferred": {"retry", "failed"},
        "network": {"retry", "failed"},
        "unknown_outcome": {"unknown"},
        "other": {"failed"},
    }
    assert set(ends) == {"none", *(error_class.value for error_class in ErrorClass)}
