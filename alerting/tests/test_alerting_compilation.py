"""The compiler: committed output is current, equal input gives equal bytes, overrides reach every file."""

import dataclasses
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from chosen_alerts import RULES, only
from delivery import in_language
from jsonschema import Draft202012Validator
from small_project import Project, alert, objective
from whatsapp_alerting.__main__ import main
from whatsapp_alerting.alert import Channel, Language
from whatsapp_alerting.clock import fixed_offset
from whatsapp_alerting.compilation import ALERTMANAGER, Sources, compiled_files, read_installation
from whatsapp_alerting.duration import format_duration, parse_duration
from whatsapp_alerting.gsm import is_basic, transliterate
from whatsapp_alerting.output import write_files
from whatsapp_alerting.progress import Progress
from whatsapp_alerting.resolution import Installation
from whatsapp_alerting.routes import alertmanager_file
from whatsapp_alerting.rules import annotations, sms_text

FULL_OVERRIDES = """\
language: en
timezone: UTC
runbook_base_url: https://mon1/runbooks
alerts:
  WhatsAppHighErrorRate:
    thresholds: {error_rate_percent: 2.5}
    for: 10m
    cooldown: 20m
    channels: [email]
receivers:
  slack:
    api_url_file: /etc/prometheus/secrets/slack_webhook_url
  email:
    to: [ops@example.com, boss@example.com]
    from: alerts@example.com
    smarthost: world:2525
    hello: mon1
    auth_username: alerts
    auth_password_file: /etc/prometheus/secrets/smtp_password
    require_tls: true
  sms:
    region: us-east-1
    phone_number: "+15555550100"
    api_url: https://world:8447
    profile: alerts
"""


@pytest.fixture(scope="module")
def overridden(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Installation:
    path = tmp_path_factory.mktemp("overridden") / "overrides.yml"
    path.write_text(FULL_OVERRIDES, encoding="utf-8")
    return read_installation(Sources(sources.catalog, path, sources.runbooks))


@pytest.fixture(scope="module")
def overridden_files(overridden: Installation) -> dict[str, Any]:
    """The Alertmanager's configuration, and the rules and tests of one area."""
    areas = tuple(one for one in overridden.areas if one.name == "service")
    rules = compiled_files(dataclasses.replace(overridden, areas=areas))
    chosen = {**rules, ALERTMANAGER: alertmanager_file(overridden)}
    return {name: yaml.safe_load(text) for name, text in chosen.items() if name.endswith(".yml")}


def receiver(files: dict[str, Any], name: str) -> dict[str, Any]:
    receivers = files[ALERTMANAGER]["receivers"]
    found = next(one for one in receivers if one["name"] == name)
    assert isinstance(found, dict)
    return found


def test_committed_output_documentation_and_schema_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["compile", "--check"])

    assert (status, capsys.readouterr().err) == (0, "")


def test_check_names_a_stale_page_and_schema(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [f"--docs={tmp_path / 'alerts.md'}", f"--schema={tmp_path / 'schema.json'}"]
    assert project.compile(alert(), objectives=(objective(),)) == 0
    assert project.run(*arguments) == 0
    assert project.run(*arguments, "--check") == 0
    (tmp_path / "alerts.md").write_text("old", encoding="utf-8")
    (tmp_path / "schema.json").unlink()
    capsys.readouterr()

    status = project.run(*arguments, "--check")

    assert status == 1
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        str(tmp_path / "alerts.md"),
        str(tmp_path / "schema.json"),
    ]


def test_check_names_missing_changed_and_left_over_files(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    output = project.output
    assert project.compile(alert(), objectives=(objective(),)) == 0
    (output / "rules/all.rules.yml").write_text("groups: []\n", encoding="utf-8")
    (output / "alertmanager/templates/whatsapp_sms.tmpl").unlink()
    (output / "rules/old.rules.yml").write_text("groups: []\n", encoding="utf-8")
    capsys.readouterr()

    status = project.run("--check")

    stale = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert status == 1
    assert [Path(path).relative_to(output).as_posix() for path in stale] == [
        "alertmanager/templates/whatsapp_sms.tmpl",
        "rules/all.rules.yml",
        "rules/old.rules.yml",
    ]


def test_second_compilation_changes_nothing(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.compile(alert(), objectives=(objective(),)) == 0
    assert "changed: " in capsys.readouterr().out
    before = {path: path.stat().st_mtime_ns for path in project.output.rglob("*")}

    assert project.run() == 0

    assert capsys.readouterr().out == ""
    assert {path: path.stat().st_mtime_ns for path in project.output.rglob("*")} == before


def test_language_option_goes_before_the_overrides(project: Project) -> None:
    assert project.compile(alert()) == 0
    spanish = (project.output / "rules/all.rules.yml").read_text("utf-8")

    assert project.run("--language=en") == 0

    english = (project.output / "rules/all.rules.yml").read_text("utf-8")
    for rules, summary, folder in ((spanish, "Cola larga", "es"), (english, "Long queue", "en")):
        assert f"summary: {summary}" in rules
        assert f"/runbooks/{folder}/Queue.md" in rules


def test_overrides_reach_rules_routes_texts_and_tests(
    overridden: Installation, overridden_files: dict[str, Any]
) -> None:
    rules = overridden_files["rules/service.rules.yml"]["groups"][0]["rules"]
    rule = next(rule for rule in rules if rule["alert"] == "WhatsAppHighErrorRate")
    assert rule["expr"].endswith("> 2.5")
    assert rule["for"] == "10m"
    assert rule["labels"]["cooldown"] == "20m"
    assert "notify_slack" not in rule["labels"]
    assert rule["annotations"]["description"].endswith("the limit is 2.5 %.")
    assert "dashboard_url" not in rule["annotations"]
    assert overridden.alert("WhatsAppHighErrorRate").detect_within == 12 * 60
    routes = overridden_files[ALERTMANAGER]["route"]["routes"]
    route = next(route for route in routes if route["matchers"] == ['notify_email="true"', 'cooldown="20m"'])
    assert (route["group_interval"], route["repeat_interval"], route["continue"]) == ("20m", "18m", True)
    tests = overridden_files["tests/rules/service.test.yml"]["tests"]
    assert any("2.6x" in series["values"] for case in tests for series in case["input_series"])


def test_receivers_are_written_without_secrets(overridden_files: dict[str, Any]) -> None:
    main_part = overridden_files[ALERTMANAGER]
    assert main_part["global"] == {
        "resolve_timeout": "5m",
        "smtp_smarthost": "world:2525",
        "smtp_from": "alerts@example.com",
        "smtp_hello": "mon1",
        "smtp_auth_username": "alerts",
        "smtp_auth_password_file": "/etc/prometheus/secrets/smtp_password",
        "smtp_require_tls": True,
    }
    assert (
        receiver(overridden_files, "email")["email_configs"][0]["to"] == "ops@example.com, boss@example.com"
    )
    sms = receiver(overridden_files, "sms")["sns_configs"][0]
    assert sms["sigv4"] == {"region": "us-east-1", "profile": "alerts"}
    assert sms["send_resolved"] is False
    assert not re.search(r"secret_key|access_key|api_url: .*hooks", str(main_part))


def test_channel_without_a_receiver_reaches_nobody(overridden_files: dict[str, Any]) -> None:
    routes = overridden_files[ALERTMANAGER]["route"]["routes"]

    beat = next(route for route in routes if 'notify_heartbeat="true"' in route["matchers"])

    assert beat["receiver"] == "none"
    assert receiver(overridden_files, "none") == {"name": "none"}


def test_repeat_is_nine_tenths_of_the_group_interval(compiled: Mapping[str, str]) -> None:
    for route in yaml.safe_load(compiled[ALERTMANAGER])["route"]["routes"]:
        tick, repeat = parse_duration(route["group_interval"]), parse_duration(route["repeat_interval"])
        assert 0.8 * tick < repeat <= 0.9 * tick
        assert route["group_by"] == ["..."]
        assert f'cooldown="{route["group_interval"]}"' in route["matchers"]


def test_group_wait_is_longer_than_an_evaluation(installation: Installation) -> None:
    assert installation.timing.group_wait > installation.timing.evaluation_interval


@pytest.mark.parametrize("language", list(Language))
def test_text_messages_fit_and_are_of_the_gsm_alphabet(
    installation: Installation, language: Language
) -> None:
    installation = in_language(installation, language)
    by_sms = [one for one in installation.alerts if Channel.SMS in one.channels]

    assert by_sms
    for one in by_sms:
        text = annotations(installation, one)["sms"]
        assert is_basic(text)
        assert len(f"CRITICAL {'h' * 20} since 24/11 04:10 UTC: {text}") <= 160


def test_runbook_address_that_does_not_fit_is_left_out_whole() -> None:
    assert sms_text("Caída total", f"https://{'x' * 120}/") == "Caida total"


def test_accents_outside_the_gsm_alphabet_are_dropped() -> None:
    assert transliterate("CRÍTICO: señal «caída» é") == 'CRITICO: señal "caida" é'


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("4m30s", 270), ("1h", 3600), ("0s", 0), ("1d2h", 93600)]
)
def test_durations_are_read_in_seconds_and_written_back(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("timezone", "offset"),
    [("America/Lima", -18000), ("UTC", 0), ("Asia/Kolkata", 19800), ("Europe/Madrid", None)],
)
def test_only_zones_without_summer_time_have_a_fixed_offset(timezone: str, offset: int | None) -> None:
    assert fixed_offset(timezone) == offset


def test_schema_describes_the_committed_catalogue(repository: Path, sources: Sources) -> None:
    schema = json.loads((repository / "alerting/catalog.schema.json").read_text("utf-8"))
    catalog = yaml.safe_load(sources.catalog.read_text("utf-8"))

    areas = [sources.catalog.parent / "catalog" / f"{name}.yml" for name in catalog["include"]]
    validator = Draft202012Validator(schema)

    for path in (sources.catalog, *areas):
        validator.validate(yaml.safe_load(path.read_text("utf-8")))
    assert {"for", "condition", "severity"} <= set(schema["$defs"]["Alert"]["required"])
    assert list(validator.iter_errors({"alerts": [{"name": "X"}]}))


def test_verify_reports_as_json(
    tmp_path: Path, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path, compiled_files(only(installation, "Watchdog")))
    (tmp_path / RULES).write_text("groups: [{name: a, rules: [{}]}]\n", encoding="utf-8")

    status = main(["verify", str(tmp_path), "--json"])

    verdicts = {verdict["name"]: verdict for verdict in json.loads(capsys.readouterr().out)}
    assert status == 1
    assert verdicts["route of Watchdog"]["passed"] is True
    assert verdicts["rules are valid"]["passed"] is False
    assert "one of 'record' or 'alert' must be set" in verdicts["rules are valid"]["output"]


def test_verify_keeps_the_order_of_its_checks(
    tmp_path: Path, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path, compiled_files(only(installation, "WhatsAppQueueBacklog", "Watchdog")))

    assert main(["verify", str(tmp_path)]) == 0

    written = capsys.readouterr()
    assert written.err == ""  # progress is for terminals
    assert written.out.splitlines() == [
        "ok: rules are valid",
        "ok: rules pass chosen.test.yml",
        "ok: Alertmanager's configuration is valid",
        "ok: route of WhatsAppQueueBacklog",
        "ok: route of Watchdog",
        "ok: route of an alert that is not of the catalogue",
    ]


def test_progress_is_one_line_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        progress = Progress("verified", stream)
        progress(1, 2)
        progress(2, 2)

    assert terminal.getvalue() == f"\rverified: 1 of 2\r{' ' * len('verified: 2 of 2')}\r"
    assert file.getvalue() == ""


def test_verify_of_a_directory_that_was_not_compiled_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["verify", str(tmp_path)])

    assert status == 1
    assert capsys.readouterr().err.count("\n") == 1
