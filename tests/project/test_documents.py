"""The project's documents: their links lead somewhere, scripts tell their use, nothing names a machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
COMMANDS = ("bench", "check", "down", "molecule", "soak", "status", "test", "up")


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_relative_links_resolve() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in _tracked("*.md")
        for target in LINK.findall(path.read_text())
        if not (path.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("command", COMMANDS)
def test_scripts_tell_their_use(command: str) -> None:
    done = subprocess.run([ROOT / "scripts" / command, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"scripts/{command}" in done.stdout


def test_no_machine_is_named() -> None:
    # Spelled apart, so that this file does not name one itself.
    names = re.compile("/wo" + "rk/|/ro" + "ot/(?!\\.ssh)")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked()
        if path.suffix not in {".lock", ".png"}
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if names.search(line)
    ]
    assert found == []
