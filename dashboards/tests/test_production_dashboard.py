"""The production dashboard keeps the manual and the project's rules, in both languages."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from whatsapp_dashboards.catalogue import BUILDERS, encode
from whatsapp_dashboards.language import Language
from whatsapp_dashboards.lint import lint, read_metric_names
from whatsapp_dashboards.production import build_production

ROOT = Path(__file__).parents[2]
EVERY_FILE = [(name, language) for name in BUILDERS for language in Language]


def built(name: str, language: Language) -> dict[str, Any]:
    """The dashboard's JSON as an object."""
    content: dict[str, Any] = json.loads(encode(BUILDERS[name](language)))
    return content


@pytest.mark.parametrize(("name", "language"), EVERY_FILE)
def test_json_on_disk_is_what_the_builder_emits(name: str, language: Language) -> None:
    path = ROOT / "dashboards" / "json" / language.value / f"{name}.json"
    assert path.read_text(encoding="utf-8") == encode(BUILDERS[name](language)), (
        "run whatsapp-dashboards build"
    )


@pytest.mark.parametrize(("name", "language"), EVERY_FILE)
def test_keeps_the_rules(name: str, language: Language) -> None:
    metrics = read_metric_names((ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"))
    assert "whatsapp_pending_notifications" in metrics
    assert lint(built(name, language), metrics) == []


@pytest.mark.parametrize(("name", "language"), EVERY_FILE)
def test_survives_the_sdk_round_trip(name: str, language: Language) -> None:
    register_default_plugins()
    content = built(name, language)
    assert json.loads(encode(Dashboard.from_json(content))) == content


def test_no_file_is_left_over() -> None:
    found = {path.relative_to(ROOT / "dashboards" / "json") for path in ROOT.glob("dashboards/json/*/*.json")}
    assert found == {Path(language.value, f"{name}.json") for name, language in EVERY_FILE}


def test_manual_panels_are_there_with_their_expressions() -> None:
    panels = {
        panel["title"]: (panel["type"], [target["expr"] for target in panel["targets"]])
        for panel in json.loads(encode(build_production(Language.EN)))["panels"]
    }
    assert panels["Notifications Sent (Rate)"] == (
        "timeseries",
        ["rate(whatsapp_notifications_sent_total[5m])"],
    )
    assert panels["Success Rate"] == ("stat", ["whatsapp_success_rate_percentage"])
    assert panels["Response Time"] == ("timeseries", ["whatsapp_response_time_ms"])
    assert panels["Queue Size"] == ("timeseries", ["whatsapp_pending_notifications"])


def test_languages_differ_in_texts_only() -> None:
    def without_texts(value: Any) -> Any:  # noqa: ANN401 - JSON
        texts = {"title", "description", "legendFormat", "text", "label", "name", "renameByName"}
        if isinstance(value, dict):
            return {key: without_texts(item) for key, item in value.items() if key not in texts}
        return [without_texts(item) for item in value] if isinstance(value, list) else value

    spanish, english = (built("whatsapp-production", language) for language in Language)
    assert without_texts(spanish) == without_texts(english)
    titles = [{panel["title"] for panel in content["panels"]} for content in (spanish, english)]
    assert titles[0].isdisjoint(titles[1])


def test_alert_catalogue_links_to_dashboards_that_exist() -> None:
    areas = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "alerting" / "catalog").glob("*.yml"))
    ]
    entries = [entry for area in areas for entry in [*area.get("alerts", []), *area.get("objectives", [])]]
    linked = {entry["dashboard"] for entry in entries if "dashboard" in entry}
    assert linked
    assert linked <= {built(name, Language.ES)["uid"] for name in BUILDERS}
