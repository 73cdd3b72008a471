"""Runs ansible-playbook against the lab and reads its recap."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

from lab.errors import LabError
from lab.layout import INVENTORY, LAB_DIR, ROOT

RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)"
    r"\s+unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)"
)


@dataclass(frozen=True)
class Recap:
    """One host's line of the play recap."""

    host: str
    ok: int
    changed: int
    unreachable: int
    failed: int


def parse_recap(output: str) -> list[Recap]:
    """Read the play recap from ansible-playbook's output."""
    found = []
    for line in output.splitlines():
        match = RECAP.match(line)
        if match:
            numbers = {key: int(match[key]) for key in ("ok", "changed", "unreachable", "failed")}
            found.append(Recap(host=match["host"], **numbers))
    return found


def parse_errors(output: str) -> list[str]:
    """Return what the failed tasks said, a line each."""
    return [line.strip() for line in output.splitlines() if line.lstrip().startswith("[ERROR]:")]


def run(playbook: str, *arguments: str, verbose: bool) -> list[Recap]:
    """Run a playbook against the lab; its output goes to `.lab/<playbook>.log`, and to the terminal if asked.

    Raises:
        LabError: naming the log when the run failed.
    """
    log = LAB_DIR / f"{playbook}.log"
    command = [
        "ansible-playbook",
        "-i",
        str(INVENTORY),
        str(ROOT / "playbooks" / f"{playbook}.yml"),
        *arguments,
    ]
    lines: list[str] = []
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        ) as process,
    ):
        if process.stdout is None:
            raise LabError("ansible-playbook could not be started")
        for line in process.stdout:
            output.write(line)
            lines.append(line)
            if verbose:
                sys.stdout.write(line)
                sys.stdout.flush()
            elif line.startswith(("PLAY [", "TASK [")):
                _progress(line)
    if not verbose:
        _progress("")
    text = "".join(lines)
    if process.returncode != 0:
        said = parse_errors(text)
        first = f": {said[0]}" if said else ""
        raise LabError(f"playbooks/{playbook}.yml failed{first}\n  the whole output is in .lab/{log.name}")
    return parse_recap(text)


def _progress(line: str) -> None:
    """Show the task at work on one line that is written over, on a terminal only."""
    if sys.stdout.isatty():
        text = line.strip().strip("*").strip()
        sys.stdout.write(f"\r\033[K{text[:110]}")
        sys.stdout.flush()
