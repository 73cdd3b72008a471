"""The exporter as its own process, before the parts of a stack or whatever else stands for them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from whatsapp_stack.commands import command
from whatsapp_stack.daemon import Daemon
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_client import HttpClient
from whatsapp_stack.http_connection import HOST
from whatsapp_stack.ports import free_port
from whatsapp_stack.stack import PHONE_NUMBER_ID, Stack

TIMEOUT_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"
ACCOUNT_ID: Final = "102290129340398"
GRAPH_VERSION: Final = "v23.0"
_SUCCESS: Final = re.compile(
    r'^whatsapp_exporter_collector_success\{collector="(\w+)"\} ([01])(?:\.0)?$', re.M
)

_METRIC: Final = re.compile(r"^(whatsapp_(?!exporter_)\w+)[{ ]", re.M)
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Sources:
    """What the four collectors ask, as URLs; None leaves a collector out.

    `api` serves the collectors health and api with the key in `api_key_file`, `graph` is without its version.
    """

    database: str | None = None
    api: str | None = None
    graph: str | None = None
    api_key_file: Path = field(default_factory=Path)
    token_file: Path = field(default_factory=Path)

    def collectors(self) -> dict[str, dict[str, object]]:
        """The section `collectors` of the configuration (exporter/config.example.yml)."""
        found: dict[str, dict[str, object]] = {}
        if self.api is not None:
            found["health"] = {"url": f"{self.api}/health?detailed=true"}
            found["api"] = {"url": self.api, "api_key_file": str(self.api_key_file)}
        if self.database is not None:
            found["database"] = {"url": self.database}
        if self.graph is not None:
            found["graph"] = {
                "url": f"{self.graph}/{GRAPH_VERSION}",
                "phone_number_id": PHONE_NUMBER_ID,
                "account_id": ACCOUNT_ID,
                "token_file": str(self.token_file),
            }
        return found


def sources_of(stack: Stack) -> Sources:
    """All parts of a stack: its database, its API, its Graph API. Writes the API's key to a file."""
    api_key_file = stack.folder / "exporter_api_key"
    api_key_file.write_text(stack.api_key, encoding="ascii")
    return Sources(
        database=stack.environ["TURSO_DATABASE_URL"],
        api=f"http://{HOST}:{stack.api_port}",
        graph=f"http://{HOST}:{stack.graph_port}",
        api_key_file=api_key_file,
        token_file=stack.folder / "access_token",
    )


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of `/metrics`; `seconds` from the request until it was there."""

    text: str
    seconds: float

    def successes(self) -> dict[str, bool]:
        """Whether each collector succeeded."""
        return {name: value == "1" for name, value in _SUCCESS.findall(self.text)}

    def metrics(self) -> frozenset[str]:
        """Names of the metrics that collectors gave, not those that the exporter tells of itself."""
        return frozenset(_METRIC.findall(self.text))


class ExporterProcess:
    """`whatsapp-exporter` with a configuration of its own; `stop` it in the end."""

    def __init__(
        self, folder: Path, name: str, sources: Sources, *, only: frozenset[str] | None = None
    ) -> None:
        """`only`: the collectors, by name, to have of those that the sources allow."""
        collectors = {
            name: section for name, section in sources.collectors().items() if only is None or name in only
        }
        self.port = free_port()
        config = folder / f"{name}.yml"
        # Every JSON document is one of YAML.
        config.write_text(json.dumps({"collectors": collectors}), encoding="utf-8")
        self._expected = set(collectors)
        words = ("--config.file", str(config), "--web.listen-address", f"{HOST}:{self.port}")
        self.daemon = Daemon(
            name,
            (command("whatsapp-exporter"), *words),
            {"PATH": os.environ["PATH"]},
            folder / f"{name}.log",
        )

    async def start(self, *, wait_for_all: bool = True, seconds: float = 30.0) -> None:
        """Start it; with `wait_for_all` until a page has every collector's success. Raises StackError."""
        await self.daemon.start()
        ends = time.monotonic() + seconds
        while wait_for_all:
            found = (await self.page()).successes()
            if set(found) == self._expected and all(found.values()):
                return
            if time.monotonic() > ends:
                self.daemon.kill()
                raise StackError(
                    f"collectors without success after {seconds:g} s: {found}{self.daemon.last_lines()}"
                )
            await asyncio.sleep(_POLL_SECONDS)

    def cpu_seconds(self) -> float:
        """CPU seconds that it has used until now."""
        return self.daemon.usage().cpu_seconds

    async def page(self, *, timeout_header: float | None = None) -> Page:
        """Scrape once over a connection of its own. Raises StackError unless the answer is 200."""
        headers = {} if timeout_header is None else {TIMEOUT_HEADER: f"{timeout_header:g}"}
        async with HttpClient(self.port) as client:
            began = time.monotonic()
            answer = await client.request("GET", "/metrics", headers=headers)
            took = time.monotonic() - began
        if answer.status != 200:
            raise StackError(f"GET /metrics of {self.daemon.name}: {answer.status}")
        return Page(answer.body.decode(), took)
