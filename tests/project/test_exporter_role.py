"""The role gives the exporter every key that its configuration has, with the exporter's own defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from pydantic import BaseModel
from whatsapp_exporter.config import Config, load_config

ROLE = Path(__file__).resolve().parents[2] / "roles/exporter"
GIVEN = {
    "exporter_api_key": "key",
    "exporter_database_auth_token": "token",
    "exporter_graph_token": "token",
    "exporter_graph_phone_number_id": "106540352242922",
    "exporter_graph_account_id": "102290129340398",
    "exporter_graph_webhook_url": "https://notificaciones.example.com/api/notifications/webhook",
    "exporter_targets": {"norte": {"health": {"url": "https://norte.example.com/health?detailed=true"}}},
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return what the exporter reads from the role's file when everything is given."""
    variables: dict[str, Any] = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - YAML
    environment.filters["to_json"] = json.dumps
    template = environment.from_string((ROLE / "templates/config.yml.j2").read_text(encoding="utf-8"))
    path = tmp_path / "config.yml"
    path.write_text(template.render(ansible_managed="test", **{**variables, **GIVEN}), encoding="utf-8")
    return load_config(path)


def _sections(config: Config) -> dict[str, BaseModel]:
    return {"": config, **{name: section for name, section in config.collectors if section is not None}}


def test_every_key_is_given(config: Config) -> None:
    sections = _sections(config)
    assert set(sections) == {"", *type(config.collectors).model_fields}
    for name, section in sections.items():
        assert section.model_fields_set == set(type(section).model_fields), name


def test_defaults_are_the_exporter_s(config: Config) -> None:
    # The exporter alone keeps nothing on disk; the unit gives it a folder.
    others = {"state_directory", "targets", "auth_token_file", "webhook_url"}
    differing = [
        f"{name}.{key}: {getattr(section, key)}"
        for name, section in _sections(config).items()
        for key, field in type(section).model_fields.items()
        if key not in others
        and not field.is_required()
        and getattr(section, key) != field.get_default(call_default_factory=True)
    ]
    assert differing == []
