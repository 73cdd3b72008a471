"""Faults in a catalogue or overrides file: one line each, naming the entry and the field."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from whatsapp_alerting.__main__ import main
from whatsapp_alerting.compilation import Sources

Document = dict[str, Any]


def compile_with(
    tmp_path: Path, sources: Sources, *, catalog: Document | None = None, overrides: Document | None = None
) -> int:
    catalog_path, overrides_path = sources.catalog, sources.overrides
    if catalog is not None:
        catalog_path = tmp_path / "catalog.yml"
        root = {"timing": catalog.pop("timing"), "include": ["all"]}
        catalog_path.write_text(yaml.safe_dump(root), encoding="utf-8")
        (tmp_path / "catalog").mkdir()
        (tmp_path / "catalog/all.yml").write_text(yaml.safe_dump(catalog), encoding="utf-8")
    if overrides is not None:
        overrides_path = tmp_path / "overrides.yml"
        overrides_path.write_text(yaml.safe_dump(overrides), encoding="utf-8")
    return main(
        [
            "compile",
            f"--output={tmp_path / 'out'}",
            f"--catalog={catalog_path}",
            f"--overrides={overrides_path}",
        ]
    )


@pytest.fixture
def catalog(sources: Sources) -> Document:
    """The written alerts and the objectives as one area, and the root's timing."""
    root = yaml.safe_load(sources.catalog.read_text("utf-8"))
    folder = sources.catalog.parent / "catalog"
    areas = [yaml.safe_load((folder / f"{name}.yml").read_text("utf-8")) for name in root["include"]]
    entries = {
        kind: [one for area in areas for one in area.get(kind, [])] for kind in ("alerts", "objectives")
    }
    return {"timing": root["timing"], **copy.deepcopy(entries)}  # YAML anchors share their objects


@pytest.fixture
def overrides(sources: Sources) -> Document:
    document = yaml.safe_load(sources.overrides.read_text("utf-8"))
    assert isinstance(document, dict)
    return document


CATALOG_FAULTS = [
    ({"severity": "urgent"}, "severity: Input should be 'critical', 'warning' or 'info'"),
    ({"cooldwn": "5m"}, "cooldwn: Extra inputs are not permitted"),
    ({"for": "five minutes"}, "for: 'five minutes' is not a duration such as 30s, 5m or 1h30m"),
    ({"for": "15s"}, "for: is shorter than 2 evaluations (30s)"),
    ({"cooldown": "30s"}, "cooldown: must be from 1m to 120h"),
    (
        {"detect_within": "5m"},
        "detect_within: cannot be held: scrape, evaluation, for and group_wait add up to 6m20s",
    ),
    ({"channels": ["sms"]}, "channels: sms is for critical alerts only"),
    ({"channels": ["slack", "slack"]}, "channels: names a channel twice"),
    ({"condition": "max("}, "condition: is not PromQL:"),
    (
        {"condition": "rate(x[30s]) > ${error_rate_percent}"},
        "condition: the range 30s is shorter than 4 scrapes (2m)",
    ),
    ({"condition": "x > ${limit}"}, "thresholds: ${limit} is used and not defined"),
    (
        {"thresholds": {"error_rate_percent": 5, "more": 1}},
        "thresholds: more is defined and not used in the condition",
    ),
    (
        {"description": {"es": "{{ $value }}", "en": "{{ $labels.host }}"}},
        "description: es and en use different template values",
    ),
    ({"value": "{{ $labels.pod }}"}, "description: uses the label pod, which identity does not name"),
    ({"summary": {"es": "corto", "en": "{{ $value }}"}}, "summary.en: must be static"),
    ({"runbook": "Missing.md"}, "runbook: es/Missing.md does not exist"),
    (
        {"inhibited_by": [{"alert": "Nothing", "equal": ["host"]}]},
        "inhibited_by.0: names Nothing, which is not in",
    ),
    (
        {"inhibited_by": [{"alert": "WhatsAppGraphApiDown", "equal": ["instance"]}]},
        "inhibited_by.0: WhatsAppGraphApiDown does not carry the label instance",
    ),
    (
        {"inhibited_by": [{"alert": "WhatsAppQueueBacklog", "equal": ["host"]}]},
        "inhibited_by.0: WhatsAppQueueBacklog fires later (for 10m) than what it inhibits",
    ),
    (
        {
            "signal": {
                "healthy": {"x": "zero"},
                "faults": [{"name": "fault", "labels": {"host": "a"}, "series": {}}],
            }
        },
        "signal: 'zero' is not arithmetic of numbers and thresholds",
    ),
    (
        {"signal": {"healthy": {"x": "0"}, "faults": [{"name": "fault", "labels": {}, "series": {}}]}},
        "signal: the labels of the fault 'fault' are not those of identity",
    ),
]


@pytest.mark.parametrize(("change", "line"), CATALOG_FAULTS)
def test_fault_of_the_catalogue_is_one_line_with_entry_and_field(
    tmp_path: Path,
    sources: Sources,
    catalog: Document,
    change: Document,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry = next(entry for entry in catalog["alerts"] if entry["name"] == "WhatsAppHighErrorRate")
    entry.update(change)

    status = compile_with(tmp_path, sources, catalog=catalog)

    written = capsys.readouterr().err.splitlines()
    assert status == 2
    assert any(f"all.yml: WhatsAppHighErrorRate: {line}" in one for one in written)
    assert all("WhatsAppHighErrorRate" in one for one in written)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("objective", "source", "problems"),
    [
        ("SchedulerUptime", "SchedulerNotRunning", []),  # 1m before what takes nine minutes of outage
        ("ApiAvailability", "WhatsAppSystemDown", ["ApiAvailabilityBurn1h"]),  # 2m after what takes one
    ],
)
def test_burn_rate_is_inhibited_by_what_fires_before_its_window_notices(
    tmp_path: Path,
    sources: Sources,
    catalog: Document,
    objective: str,
    source: str,
    problems: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry = next(entry for entry in catalog["objectives"] if entry["name"] == objective)
    entry["inhibited_by"] = [{"alert": source, "equal": ["host"]}]

    status = compile_with(tmp_path, sources, catalog=catalog)

    written = capsys.readouterr().err.splitlines()
    assert status == (2 if problems else 0)
    assert [line.split(": ")[1] for line in written if "fires later" in line] == problems


OVERRIDES_FAULTS: list[tuple[Document, str]] = [
    ({"langage": "es"}, "langage: Extra inputs are not permitted"),
    ({"language": "fr"}, "language: Input should be 'es' or 'en'"),
    ({"timezone": "America/Nowhere"}, "timezone: 'America/Nowhere' is not a time zone of the IANA database"),
    ({"alerts": {"Nothing": {}}}, "Nothing: is not an alert of the catalogue"),
    (
        {"alerts": {"WhatsAppQueueBacklog": {"thresholds": {"pending": 1}}}},
        "WhatsAppQueueBacklog: thresholds.pending: is not a threshold of this alert (it has: pending_notif",
    ),
    (
        {"alerts": {"WhatsAppQueueBacklog": {"for": "1s"}}},
        "WhatsAppQueueBacklog: for: is shorter than 2 evaluations",
    ),
    (
        {"alerts": {"WhatsAppQueueBacklog": {"cooldown": "1s"}}},
        "WhatsAppQueueBacklog: cooldown: must be from 1m",
    ),
    (
        {"alerts": {"WhatsAppQueueBacklog": {"channels": ["sms"]}}},
        "WhatsAppQueueBacklog: channels: sms is for critical",
    ),
    (
        {"receivers": {"sms": {"region": "us-east-1", "phone_number": "+15555550100"}}},
        "receivers: WhatsAppQueueBacklog reaches nobody: set one of slack",
    ),
    (
        {"receivers": {"slack": {"api_url_file": "secrets/slack"}}},
        "receivers.slack.api_url_file: must be an absolute path on the Alertmanager's host",
    ),
    (
        {"receivers": {"email": {"to": "a@b", "from": "a@b", "smarthost": "x:25", "auth_username": "u"}}},
        "receivers.email: auth_username and auth_password_file go together",
    ),
]


@pytest.mark.parametrize(("change", "line"), OVERRIDES_FAULTS)
def test_fault_of_the_overrides_is_one_line_with_entry_and_field(
    tmp_path: Path,
    sources: Sources,
    overrides: Document,
    change: Document,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = compile_with(tmp_path, sources, overrides={**overrides, **change})

    assert status == 2
    assert any(f"overrides.yml: {line}" in one for one in capsys.readouterr().err.splitlines())


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
    tmp_path: Path, content: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "catalog.yml"
    path.write_text(content, encoding="utf-8")

    status = main(["compile", f"--output={tmp_path / 'out'}", f"--catalog={path}"])

    written = capsys.readouterr().err.splitlines()
    assert status == 2
    assert len(written) == 1
    assert written[0].startswith(f"{path}: ")
    assert line in written[0]


def test_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["compile", f"--output={tmp_path}", f"--overrides={tmp_path / 'none.yml'}"])

    assert status == 2
    assert capsys.readouterr().err == f"{tmp_path / 'none.yml'}: No such file or directory\n"


def test_alert_defined_twice_is_refused(
    tmp_path: Path, sources: Sources, catalog: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog["alerts"].append(catalog["alerts"][0])

    assert compile_with(tmp_path, sources, catalog=catalog) == 2
    assert "defined more than once: WhatsAppSystemDown" in capsys.readouterr().err


def test_alert_that_inhibits_itself_is_refused(
    tmp_path: Path, sources: Sources, catalog: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = next(entry for entry in catalog["alerts"] if entry["name"] == "WhatsAppGraphApiDown")
    entry["inhibited_by"] = [{"alert": entry["name"], "equal": ["host"]}]

    assert compile_with(tmp_path, sources, catalog=catalog) == 2
    assert "inhibited_by.0: an alert cannot inhibit itself" in capsys.readouterr().err
