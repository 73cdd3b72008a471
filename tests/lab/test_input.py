"""Wrong input is told in one line that names the thing and the fix, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from lab.layout import LAB_DIR, SECRETS_DIR
from lab.running import ansible


def _refused(*arguments: str, said: tuple[str, ...]) -> None:
    done = ansible("site", *arguments)
    output = done.stdout + done.stderr
    lines = [line for line in output.splitlines() if "[ERROR]" in line and all(word in line for word in said)]
    assert done.returncode != 0
    assert lines, output[-3000:]
    recap = output.partition("PLAY RECAP")[2]
    assert "changed=0" in recap
    assert all(f"changed={n}" not in recap for n in range(1, 100))


def test_unreachable_host() -> None:
    _refused(
        "-e",
        "{ansible_port: 2299, preflight_timeout_seconds: 2}",
        said=("app1", "cannot be reached", "port 2299"),
    )


def test_bad_variable_type() -> None:
    _refused("-e", "redis_maxclients=many", said=("app1", "redis_maxclients", "many", "int"))


def test_too_little_disk() -> None:
    _refused("-e", "preflight_minimum_free_mib=999999999", said=("MiB free on /", "free some space"))


def test_port_in_use() -> None:
    ports = yaml.safe_dump({"preflight_ports": [{"port": 22, "process": "nginx"}]}, default_flow_style=True)
    _refused("-e", ports, said=("port 22", "sshd", "nginx"))


@pytest.fixture
def missing_secret() -> Iterator[str]:
    """Take one secret away for the time of the test."""
    name = "redis_password"
    aside = LAB_DIR / name
    (SECRETS_DIR / name).rename(aside)
    yield name
    aside.rename(SECRETS_DIR / name)


def test_missing_secret(missing_secret: str) -> None:
    _refused(said=(missing_secret,))
