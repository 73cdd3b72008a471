"""The role gives the service every setting that it has, with the service's own defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from whatsapp_service.settings import Settings, environment_name

ROLE = Path(__file__).resolve().parents[2] / "roles/notifications"
# Made by systemd for the API's unit alone.
OF_THE_UNIT = {"PROMETHEUS_MULTIPROC_DIR"}
# A host logs into files; the service alone writes to standard output.
OTHER_DEFAULTS = {"log_dir"}


def _yaml(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))
    return document


def test_every_setting_is_given() -> None:
    variables = _yaml("vars/main.yml")
    secrets = {f"{name.upper()}_FILE" for name in variables["__notifications_secrets"]}
    given = {*variables["__notifications_settings"], *secrets, "API_KEYS_FILE"}
    assert given == {environment_name(field) for field in Settings.model_fields} - OF_THE_UNIT


def test_defaults_are_the_service_s() -> None:
    defaults = _yaml("defaults/main.yml")
    for name, template in _yaml("vars/main.yml")["__notifications_settings"].items():
        variable = re.fullmatch(r"\{\{ (\w+) \}\}", template)
        assert variable is not None, name
        field = name.lower()
        if field not in OTHER_DEFAULTS:
            ours = Settings.model_fields[field].default
            assert str(defaults[variable[1]]) == ("" if ours in (None, ()) else str(ours)), name
