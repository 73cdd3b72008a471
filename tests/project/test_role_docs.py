"""Every role's variables are specified, documented and in step with its defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def _yaml(path: Path) -> Any:  # noqa: ANN401 - any YAML document
    return yaml.safe_load(path.read_text()) if path.exists() else None


def _options(role: str) -> dict[str, Any]:
    options: dict[str, Any] = _yaml(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"][
        "main"
    ]["options"]
    return options


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_typed_and_described(role: str) -> None:
    bare = [name for name, spec in _options(role).items() if "type" not in spec or "description" not in spec]
    assert bare == []
    assert all(name.startswith(f"{role}_") for name in _options(role))


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_spec_agree(role: str) -> None:
    defaults = _yaml(ROOT / "roles" / role / "defaults/main.yml") or {}
    options = _options(role)
    assert set(defaults) <= set(options), "defaults without a spec"
    for name, value in defaults.items():
        templated = isinstance(value, str) and "{{" in value
        if "default" in options[name] and not templated:
            assert options[name]["default"] == value, name
    optional = {name for name, spec in options.items() if not spec.get("required") and "default" in spec}
    assert optional <= set(defaults), "a spec's default that defaults/main.yml lacks"


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_documented(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text()
    assert [name for name in _options(role) if name not in text] == []


@pytest.mark.parametrize("role", ROLES)
def test_no_facts_in_defaults(role: str) -> None:
    path = ROOT / "roles" / role / "defaults/main.yml"
    text = path.read_text() if path.exists() else ""
    assert "ansible_facts" not in text
    assert "ansible_default_ipv4" not in text


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_scenario(role: str) -> None:
    scenario = ROOT / "roles" / role / "molecule/default"
    assert (scenario / "molecule.yml").exists()
    assert (scenario / "verify.yml").exists()


GROUPS = ("notifications", "monitoring", "simulators")


def _deployments() -> list[tuple[str, str | None, list[str], list[str]]]:
    """Return role, condition, tags and tags applied inside of it, of what the site's last play deploys.

    A role may stand in a block, between what announces it to the monitoring and what ends that.
    """
    found = []
    for task in _yaml(ROOT / "playbooks/site.yml")[-1]["tasks"]:
        for one in task.get("block", [task]):
            role = one.get("ansible.builtin.include_role")
            if role is not None and role["name"] != "silence":
                found.append((role["name"], task.get("when"), task["tags"], role["apply"]["tags"]))
    return found


def _roles_of(group: str) -> set[str]:
    """Return the roles that the site's last play includes for a group, by the conditions that it uses."""
    conditions: dict[str | None, bool] = {
        None: True,
        "'simulators' not in group_names": group != "simulators",
        **{f"'{name}' in group_names": group == name for name in GROUPS},
    }
    return {role for role, condition, _, _ in _deployments() if conditions[condition]}


@pytest.mark.parametrize("group", GROUPS)
def test_preflight_checks_the_roles_that_the_site_deploys(group: str) -> None:
    variables: dict[str, Any] = {}
    for path in (ROOT / f"inventory/lab/group_vars/{group}").glob("*.yml"):
        variables.update(_yaml(path))
    assert set(variables["preflight_roles"]) == _roles_of(group)


def test_every_role_of_the_site_has_its_tag() -> None:
    for role, _, tags, applied in _deployments():
        assert tags == [role] == applied
