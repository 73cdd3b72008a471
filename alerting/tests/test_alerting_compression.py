"""Time compressed: every duration divided, and nothing else changed."""

import dataclasses
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError
from whatsapp_alerting.compilation import ALERTMANAGER, RULE_TESTS, RULES, compiled_files
from whatsapp_alerting.compression import compressed_duration, compressed_expression
from whatsapp_alerting.output import write_files
from whatsapp_alerting.overrides import Overrides
from whatsapp_alerting.resolution import Installation
from whatsapp_alerting.routes import alertmanager_file
from whatsapp_alerting.rules import rules_file
from whatsapp_alerting.tools import tool

FACTOR = 10


def compressed(installation: Installation, factor: int = FACTOR) -> Installation:
    overrides = installation.overrides.model_copy(update={"time_compression": factor})
    return dataclasses.replace(installation, overrides=overrides)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(a[5m])", "rate(a[30s])"),
        ("a[15s]", "a[1500ms]"),
        ("avg_over_time(a[1h30m])", "avg_over_time(a[540s])"),
        ("deriv((a - b)[3h:5m])", "deriv((a - b)[1080s:30s])"),
        ("min_over_time(a[2m:])", "min_over_time(a[12s:])"),
        ("a offset 1d", "a offset 8640s"),
        ("a offset -10s", "a offset -1s"),
        ("a{text=\"[5m] offset 1h\",other='[5m]'}[5m]", "a{text=\"[5m] offset 1h\",other='[5m]'}[30s]"),
        ('a{text="a\\"[5m]"}', 'a{text="a\\"[5m]"}'),
        ("objective:bad_events:ratio1h > 300", "objective:bad_events:ratio1h > 300"),
    ],
)
def test_ranges_and_offsets_of_an_expression_are_divided(expression: str, expected: str) -> None:
    assert compressed_expression(expression, FACTOR) == expected


def test_what_is_no_whole_second_is_written_in_milliseconds() -> None:
    assert compressed_duration(15, 10) == "1500ms"
    assert compressed_duration(60, 10) == "6s"
    assert compressed_duration(0, 10) == "0s"


def test_rules_wait_and_look_back_a_tenth(installation: Installation, compiled: Mapping[str, str]) -> None:
    (area,) = (one for one in installation.areas if one.name == "whatsapp-statuses")
    files = {f"{RULES}/whatsapp-statuses.rules.yml": rules_file(compressed(installation), area)}
    ordinary = compiled

    (group,) = yaml.safe_load(files[f"{RULES}/whatsapp-statuses.rules.yml"])["groups"]
    (before,) = yaml.safe_load(ordinary[f"{RULES}/whatsapp-statuses.rules.yml"])["groups"]

    assert (before["interval"], group["interval"]) == ("15s", "1500ms")
    rule = next(one for one in group["rules"] if one["alert"] == "WhatsAppNoStatuses")
    old = next(one for one in before["rules"] if one["alert"] == "WhatsAppNoStatuses")
    assert (old["for"], rule["for"]) == ("5m", "30s")
    assert rule["expr"] == old["expr"].replace("[10m]", "[60s]")
    assert (rule["labels"], rule["annotations"]) == (old["labels"], old["annotations"])


def test_routes_keep_what_they_match_and_wait_a_tenth(
    installation: Installation, compiled: Mapping[str, str]
) -> None:
    files = (alertmanager_file(compressed(installation)), compiled[ALERTMANAGER])
    routing, before = (yaml.safe_load(one)["route"] for one in files)

    assert [one["matchers"] for one in routing["routes"]] == [one["matchers"] for one in before["routes"]]
    waits = ("group_wait", "group_interval", "repeat_interval")
    route, old = routing["routes"][0], before["routes"][0]
    assert [old[name] for name in waits] == ["20s", "5m", "4m30s"]
    assert [route[name] for name in waits] == ["2s", "30s", "27s"]


def test_without_compression_nothing_changes(installation: Installation, compiled: Mapping[str, str]) -> None:
    assert compiled_files(compressed(installation, 1)) == compiled


def test_compressed_files_are_valid_and_have_no_rule_tests(
    installation: Installation, tmp_path: Path
) -> None:
    files = compiled_files(compressed(installation))
    write_files(tmp_path, files)

    assert not [name for name in files if name.startswith(RULE_TESTS)]
    rules = sorted(str(path) for path in (tmp_path / RULES).glob("*.yml"))
    subprocess.run([tool("promtool"), "check", "rules", *rules], check=True, capture_output=True)
    subprocess.run([tool("amtool"), "check-config", tmp_path / ALERTMANAGER], check=True, capture_output=True)


@pytest.mark.parametrize("factor", [0, -1, 61, 1.5])
def test_other_factors_are_refused(factor: float) -> None:
    with pytest.raises(ValidationError, match="time_compression"):
        Overrides.model_validate(
            {"runbook_base_url": "https://a", "receivers": {}, "time_compression": factor}
        )
