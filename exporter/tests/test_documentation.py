"""The README and the example name every flag and every key, and nothing that is not there."""

import re
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel
from whatsapp_exporter.__main__ import build_parser
from whatsapp_exporter.config import Config, load_config
from whatsapp_exporter.web_config import WebConfig

PACKAGE = Path(__file__).parents[1]


def keys(model: type[BaseModel]) -> set[str]:
    """The names of the model's keys and of the models within."""
    found = set(model.model_fields)
    for field in model.model_fields.values():
        kinds = get_args(field.annotation) or (field.annotation,)
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= keys(kind)
    return found


def keys_in(content: object) -> set[str]:
    """The keys of a YAML document at every level."""
    if not isinstance(content, dict):
        return set()
    return set(content).union(*(keys_in(value) for value in content.values()))


def test_example_has_every_key_and_is_valid() -> None:
    path = PACKAGE / "config.example.yml"
    assert load_config(path).collectors.health is not None
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert keys_in(content) - set(content["targets"]) == keys(Config)


def test_readme_has_every_flag_and_web_key() -> None:
    readme = (PACKAGE / "README.md").read_text(encoding="utf-8")
    flags = {option for action in build_parser()._actions for option in action.option_strings}
    documented = set(re.findall(r"^\| `(--[a-z.-]+)`", readme, re.MULTILINE))
    assert documented == flags - {"-h", "--help"}
    assert all(f"{key}:" in readme for key in keys(WebConfig))
