"""The project's own catalogue: the manual's numbers, and what every entry has to have."""

import re
from pathlib import Path

import pytest
import yaml
from whatsapp_alerting.alert import Channel, Language, Severity
from whatsapp_alerting.compilation import Sources
from whatsapp_alerting.promql import metric_names, placeholders
from whatsapp_alerting.resolution import Installation

# "Sistema de Alertas" and "Monitoring Avanzado con Prometheus" of the operations manual.
MANUAL = [
    ("WhatsAppSystemDown", {}, 120, Severity.CRITICAL, 300, "slack email sms"),
    ("WhatsAppHighErrorRate", {"error_rate_percent": 5}, 300, Severity.WARNING, 900, "slack email"),
    ("WhatsAppQueueBacklog", {"pending_notifications": 100}, 600, Severity.WARNING, 600, "slack"),
    ("WhatsAppGraphApiDown", {}, 60, Severity.CRITICAL, 300, "slack email sms"),
    ("HostDiskSpaceLow", {"disk_used_percent": 85}, 300, Severity.WARNING, 1800, "slack email"),
]


@pytest.mark.parametrize(("name", "thresholds", "hold", "severity", "cooldown", "channels"), MANUAL)
def test_manual_alert_has_the_manuals_numbers(
    installation: Installation,
    name: str,
    thresholds: dict[str, float],
    hold: int,
    severity: Severity,
    cooldown: int,
    channels: str,
) -> None:
    alert = installation.alert(name)

    assert alert.thresholds == thresholds
    assert alert.hold == hold
    assert alert.entry.severity is severity
    assert alert.cooldown == cooldown
    assert alert.channels == tuple(Channel(channel) for channel in channels.split())


def test_every_metric_that_the_catalogue_reads_is_documented(
    installation: Installation, repository: Path
) -> None:
    reference = (repository / "docs/metrics.md").read_text("utf-8")
    ours = set(re.findall(r"^\| `([a-z_]+)`", reference, re.MULTILINE))
    others = yaml.safe_load((repository / "alerting/external_metrics.yml").read_text("utf-8")).keys()
    objectives = [one.rules.objective for area in installation.areas for one in area.objectives]
    expressions = [alert.condition for alert in installation.alerts]
    expressions += [text.replace("${window}", "1h") for one in objectives for text in (one.good, one.total)]
    read = {
        name if name in ours else re.sub(r"_(bucket|sum|count)$", "", name)
        for name in metric_names(expressions)
        if not name.startswith("objective:")  # recorded
    }

    assert read - ours - others == set()
    assert others - read == set()


def test_every_runbook_belongs_to_an_alert_and_names_it(sources: Sources, installation: Installation) -> None:
    for language in Language:
        directory = sources.runbooks / language.value
        assert {path.name for path in directory.iterdir()} == {a.entry.runbook for a in installation.alerts}
        for alert in installation.alerts:
            text = (directory / alert.entry.runbook).read_text("utf-8")
            assert text.startswith(f"# {alert.entry.runbook.removesuffix('.md')}\n")


@pytest.mark.parametrize(
    ("language", "headings"),
    [
        (Language.ES, ["## Qué significa", "## Cómo confirmarlo", "## Qué hacer", "## Cuándo escalar"]),
        (Language.EN, ["## What it means", "## How to confirm it", "## What to do", "## When to escalate"]),
    ],
)
def test_every_runbook_answers_the_four_questions(
    sources: Sources, language: Language, headings: list[str]
) -> None:
    for path in sorted((sources.runbooks / language.value).iterdir()):
        found = [line for line in path.read_text("utf-8").splitlines() if line.startswith("## ")]
        assert found == headings, path.name


def test_both_languages_of_a_runbook_run_the_same_commands(
    sources: Sources, installation: Installation
) -> None:
    for alert in installation.alerts:
        spanish, english = (
            _commands((sources.runbooks / language.value / alert.entry.runbook).read_text("utf-8"))
            for language in (Language.ES, Language.EN)
        )
        assert spanish == english, alert.name
        assert spanish, alert.name


def _commands(text: str) -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def test_texts_name_the_same_thresholds_in_both_languages(installation: Installation) -> None:
    for alert in installation.alerts:
        assert placeholders(alert.entry.description.es) == placeholders(alert.entry.description.en)


def test_only_critical_alerts_are_sent_by_text_message(installation: Installation) -> None:
    by_sms = {alert.name for alert in installation.alerts if Channel.SMS in alert.channels}

    assert by_sms == {
        alert.name for alert in installation.alerts if alert.entry.severity is Severity.CRITICAL
    }


def test_compiled_inhibition_rules_name_labels_that_both_sides_carry(
    installation: Installation, repository: Path
) -> None:
    path = repository / "alerting/compiled/alertmanager/alertmanager.yml"
    rules = yaml.safe_load(path.read_text("utf-8"))["inhibit_rules"]
    carried = {alert.name: {*alert.entry.identity, *alert.static_labels()} for alert in installation.alerts}

    for rule in rules:
        for side in ("source_matchers", "target_matchers"):
            name = rule[side][0].removeprefix('alertname="').removesuffix('"')
            assert set(rule["equal"]) <= carried[name]
    assert rules
