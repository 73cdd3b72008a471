"""Prometheus' and Alertmanager's own tools on the compiled files, and that they notice faults."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from chosen_alerts import RULE_TESTS, RULES, only
from whatsapp_alerting.alert import Language
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.compilation import Sources, compiled_files, read_installation
from whatsapp_alerting.loading import load_overrides
from whatsapp_alerting.output import write_files
from whatsapp_alerting.overrides import Overrides
from whatsapp_alerting.resolution import Installation, resolve
from whatsapp_alerting.verification import verify


def failures(directory: Path) -> list[str]:
    return [f"{verdict.name}: {verdict.output}" for verdict in verify(directory) if not verdict.passed]


@pytest.mark.slow
def test_compiled_files_pass_promtool_and_amtool(compiled: Mapping[str, str], tmp_path: Path) -> None:
    write_files(tmp_path, compiled)

    assert failures(tmp_path) == []


def test_compiled_files_pass_with_other_thresholds_and_waits(
    sources: Sources, catalog: Catalog, tmp_path: Path
) -> None:
    changes = {
        "WhatsAppQueueBacklog": {"thresholds": {"pending_notifications": 7}, "for": "90s", "cooldown": "2h"},
        "HostDiskSpaceLow": {"thresholds": {"disk_used_percent": 79.5}},
        "BackupTooOld": {"thresholds": {"backup_age_seconds": 180000}},
    }
    overrides = Overrides.model_validate(
        {**load_overrides(sources.overrides).model_dump(by_alias=True), "alerts": changes}
    )
    changed = resolve(catalog, overrides)
    write_files(tmp_path, compiled_files(only(changed, *changes)))

    assert failures(tmp_path) == []


EXPECTED_NOTHING, EXPECTED_THE_ALERT = "exp: nil", "got: nil"


@pytest.mark.parametrize(
    ("name", "written", "instead", "noticed"),
    [
        ("WhatsAppHighErrorRate", "> 5\n", "> 5.2\n", EXPECTED_THE_ALERT),
        ("WhatsAppHighErrorRate", "> 5\n", ">= 5\n", EXPECTED_NOTHING),
        ("WhatsAppQueueBacklog", "for: 10m", "for: 12m", EXPECTED_THE_ALERT),
        ("WhatsAppQueueBacklog", "for: 10m", "for: 9m", EXPECTED_NOTHING),
        ("WhatsAppQueueBacklog", "keep_firing_for: 1m", "keep_firing_for: 4m", EXPECTED_NOTHING),
        ("WhatsAppHighErrorRate", "[2m]", "[31s]", EXPECTED_THE_ALERT),
        ("WhatsAppHighErrorRate", "max by (host)", "max", 'host="app1"'),
        ("HostDiskSpaceLow", 'fstype!~"tmpfs|', 'fstype!~"', EXPECTED_NOTHING),
        ("TargetDown", 'up{job!="whatsapp-notifications"}', "up", EXPECTED_NOTHING),
        ("WhatsAppSystemDown", '"health", "degraded"', '"health", "down"', 'health="degraded"'),
    ],
)
def test_generated_tests_notice_a_changed_rule(
    installation: Installation, tmp_path: Path, name: str, written: str, instead: str, noticed: str
) -> None:
    files = compiled_files(only(installation, name))
    assert written in files[RULES]
    write_files(tmp_path, {**files, RULES: files[RULES].replace(written, instead)})

    (failed,) = failures(tmp_path)

    assert failed.startswith("rules pass chosen.test.yml: ")
    assert noticed in failed


def test_routing_table_notices_a_route_that_is_lost(installation: Installation, tmp_path: Path) -> None:
    files = compiled_files(only(installation, "WhatsAppSystemDown", "WhatsAppGraphApiDown"))
    name = "alertmanager/alertmanager.yml"
    configuration = yaml.safe_load(files[name])
    configuration["route"]["routes"][0]["continue"] = False
    rules_alone = yaml.safe_dump({"rule_files": ["../../" + RULES], "tests": []})
    write_files(tmp_path, {**files, name: yaml.safe_dump(configuration), RULE_TESTS: rules_alone})

    failed = {failure.split(":")[0] for failure in failures(tmp_path)}

    assert failed == {"route of WhatsAppSystemDown", "route of WhatsAppGraphApiDown"}


@pytest.mark.slow
@pytest.mark.parametrize("language", list(Language))
def test_texts_are_rendered_by_prometheus(sources: Sources, language: Language, tmp_path: Path) -> None:
    """promtool prints the rendered texts of an alert that a test did not expect."""
    installation = read_installation(sources, language)
    files = compiled_files(installation)
    fires = {
        f"{alert.name}: {fault.name}": alert.name
        for area in installation.areas
        for alert in area.own_alerts
        for fault in alert.entry.signal.faults
    }
    paths = [f"tests/rules/{area.name}.test.yml" for area in installation.areas if area.own_alerts]
    for path in paths:
        document = yaml.safe_load(files[path])
        document["tests"] = [case for case in document["tests"] if case["name"] in fires]
        for case in document["tests"]:
            end = max(_seconds(check["eval_time"]) for check in case.pop("promql_expr_test"))
            case["alert_rule_test"] = [
                {"eval_time": f"{end}s", "alertname": fires[case["name"]], "exp_alerts": []}
            ]
        files[path] = yaml.safe_dump(document)
    write_files(tmp_path, files)
    promtool = shutil.which("promtool")
    assert promtool is not None

    def rendered(path: str) -> str:
        command = [promtool, "test", "rules", str(tmp_path / path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    with ThreadPoolExecutor(2) as pool:
        output = "\n".join(pool.map(rendered, paths))

    assert "error expanding" not in output.lower()
    assert "<no value>" not in output
    expected = {
        Language.ES: [
            "El sistema en app1 no está sano: la API no responde",
            "El sistema en app1 no está sano: /health informa un estado degradado",
            "falla el 5.1 % de las notificaciones; el límite es 5 %",
            "hay 101 notificaciones vencidas",
            "El disco / de app1 está al 86 %",
            "no puede leer whatsapp-exporter en app1:9808 (app1)",
            "La última ejecución de la tarea cleanup en app1",
            "tiene 1d 2h ",
        ],
        Language.EN: [
            "The system on app1 is not healthy: the API does not answer",
            "5.1 % of the notifications fail; the limit is 5 %",
            "The disk / of app1 is 86 % full",
            "is 1d 2h ",
        ],
    }
    assert [text for text in expected[language] if text not in output] == []


def _seconds(text: str) -> int:
    factors = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * factors[unit] for count, unit in re.findall(r"(\d+)([hms])", text))
