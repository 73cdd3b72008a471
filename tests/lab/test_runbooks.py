"""Every command of the runbooks that changes nothing runs on the hosts that it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from lab.layout import ROOT
from lab.running import Lab
from lab.secrets_store import read

RUNBOOKS = ROOT / "alerting" / "runbooks"
HOSTS = {"# read-only": "app1", "# read-only: monitoring": "mon1"}
BLOCK = re.compile(r"^```bash\n(?P<marker># read-only.*?)\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands of one runbook that change nothing."""

    runbook: str
    number: int
    host: str
    commands: str

    def without_comments(self) -> str:
        """Return what is the same in every language."""
        return "\n".join(line for line in self.commands.splitlines() if not line.startswith("#"))


def _blocks(language: str) -> Iterator[Block]:
    for path in sorted((RUNBOOKS / language).glob("*.md")):
        for number, found in enumerate(BLOCK.finditer(path.read_text()), start=1):
            yield Block(path.stem, number, HOSTS[found["marker"]], found["commands"])


SPANISH = list(_blocks("es"))


def test_both_languages_have_the_same_commands() -> None:
    english = [(one.runbook, one.number, one.host, one.without_comments()) for one in _blocks("en")]
    assert [(one.runbook, one.number, one.host, one.without_comments()) for one in SPANISH] == english
    assert {one.runbook for one in SPANISH} == {path.stem for path in (RUNBOOKS / "es").glob("*.md")}


@pytest.mark.parametrize("block", SPANISH, ids=lambda one: f"{one.runbook}-{one.number}")
def test_read_only_commands_run(lab: Lab, block: Block) -> None:
    # As an operator has them: the key and the password in the environment, not in the command.
    script = (
        f"export API_KEY={read('api_key_operate')} OPS_PASSWORD={read('ops_password')}\n"
        f"set -e\n{block.commands}"
    )
    # What looks for a fault may say nothing on a healthy host; a command that fails raises LabError.
    assert "command not found" not in lab.shell(block.host, "exec bash -s 2>&1", stdin=script)
