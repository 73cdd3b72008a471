"""The benchmarks, on loads so small that only their working is tested, never their figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from whatsapp_stack.bench import exposition, reading, sending, webhooks
from whatsapp_stack.bench.exposition import ExpositionLoad
from whatsapp_stack.bench.figures import Figure, Report, Target, to_json
from whatsapp_stack.bench.large_database import fill
from whatsapp_stack.bench.reading import ReadingLoad
from whatsapp_stack.bench.sending import SendingLoad
from whatsapp_stack.bench.webhooks import WebhookLoad
from whatsapp_stack.database_file import counted_states
from whatsapp_stack.fixture import parse_fixture


def _value(report: Report, name: str) -> float:
    return next(figure.value for figure in report.figures if figure.name == name)


async def test_webhooks(tmp_path: Path) -> None:
    report = await webhooks.measure(tmp_path, {}, WebhookLoad(single=200, large=100, steady_seconds=1))
    assert _value(report, "closed loop: errors") == _value(report, "240/s: errors") == 0
    assert _value(report, "closed loop: statuses answered") > 0
    assert "target ≥ 1,000: " in report.table()


async def test_sending(tmp_path: Path) -> None:
    load = SendingLoad(waiting_before=20, flow_seconds=3, sample_seconds=1, flood=100, ceiling_seconds=1)
    report = await sending.measure(tmp_path, {"PROCESSING_INTERVAL": "1"}, load)
    assert _value(report, "flow: queue before") == 20
    assert _value(report, "flow: arrivals without 201") == 0
    assert _value(report, "no limit: messages") > 0
    assert _value(report, "simulator alone: messages") > 100


async def test_reading_keeps_its_database(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    report = await reading.measure(tmp_path, {}, kept=kept, load=ReadingLoad(6_000, requests=50))
    assert _value(report, "GET /health: rate") > 0
    (made,) = kept.iterdir()
    moment = made.stat().st_mtime_ns
    other = Path(shutil.copy(made, tmp_path / "other.db"))  # a database of the same schema
    fill(other, parse_fixture((tmp_path / "fixture.json").read_bytes()), kept, 6_000)
    assert sum(counted_states(other).values()) == 6_000
    assert [(file, file.stat().st_mtime_ns) for file in kept.iterdir()] == [(made, moment)]


async def test_exposition() -> None:
    report = await exposition.measure(ExpositionLoad(series=2_000, rounds=1))
    assert _value(report, "1 x 2,000 counts: times as fast, by CPU") > 0
    assert _value(report, "2 x 1,000 fractions: size") > 100
    assert "longest stall when idle" in report.table()


@pytest.mark.parametrize(
    ("target", "value", "text", "met"),
    [
        (Target(at_least=1000), 1000.0, "≥ 1,000", True),
        (Target(at_least=1000), 999.9, "≥ 1,000", False),
        (Target(below=10), 10.0, "< 10", False),
        (Target(at_least=1, below=2), 1.5, "≥ 1 and < 2", True),
    ],
)
def test_targets(target: Target, value: float, text: str, met: bool) -> None:
    figure = Figure("x", value, "/s", target)
    assert (str(target), figure.met) == (text, met)
    report = Report("b", (figure, Figure("plain", 1.234, "ms")))
    assert f"target {text}: {'met' if met else 'missed'}" in report.table()
    document = json.loads(to_json([report]))
    assert [item["met"] for item in document["reports"][0]["figures"]] == [met, None]
    assert document["machine"]["cores"] >= 1
