"""Acts on the running lab and reads what happened there: what the whole-system tests stand on."""

from __future__ import annotations

import datetime as dt
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from lab import podman
from lab.errors import LabError
from lab.layout import INVENTORY, ROOT, host
from lab.probes import Session, UnhealthyError
from lab.secrets_store import read

T = TypeVar("T")


@dataclass(frozen=True)
class Lab:
    """The running lab (scripts/up)."""

    session: Session

    def shell(self, name: str, command: str, *, stdin: str | None = None, timeout: float = 120) -> str:
        """Run a shell command on a host, as root, and return its output."""
        return podman.run("exec", "--interactive", name, "sh", "-euc", command, stdin=stdin, timeout=timeout)

    def python(self, name: str, script: str, *arguments: str) -> str:
        """Run a Python script on a host, as root, and return its output."""
        return podman.run("exec", "--interactive", name, "python3", "-", *arguments, stdin=script)

    def api(
        self, method: str, path: str, *, key: str = "api_key_operate", json: object = None
    ) -> httpx.Response:
        """Call the notification API through nginx."""
        return self.session.client.request(
            method, host("app1").url(443, path), headers={"X-API-Key": read(key)}, json=json
        )

    def arrived(self, sink: str, since: dt.datetime) -> list[dict[str, Any]]:
        """Return what arrived at a sink of the world outside (`slack`, `mail`, `sms`), oldest first."""
        port = 8447 if sink == "sms" else 8446
        items = self.session.get(host("world").url(port, f"/_lab/{sink}"), limit="5000")["items"]
        return [item for item in items if dt.datetime.fromisoformat(item["received_at"]) >= since]


def wait_for(what: str, seconds: float, ask: Callable[[], T | None], every: float = 0.5) -> T:
    """Ask a real system until it has an answer.

    Raises:
        TimeoutError: naming what did not come.
    """
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except (httpx.HTTPError, LabError, UnhealthyError) as error:
            last, answer = error, None
        if answer is not None:
            return answer
        time.sleep(every)
    said = f" (last error: {last})" if last else ""
    raise TimeoutError(f"{what} did not come within {seconds:.0f} s{said}")


def ansible(playbook: str, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a playbook against the lab and return what it said and how it ended."""
    return subprocess.run(
        ["ansible-playbook", "-i", str(INVENTORY), f"playbooks/{playbook}.yml", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
