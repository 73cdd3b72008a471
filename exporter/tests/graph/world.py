"""What the graph collector's tests ask of the simulated world and of a run."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from whatsapp_exporter.collectors.graph import GraphCollector

TOKEN = "EAAG-lab-token"
PHONE, ACCOUNT = "/106540352242922", "/102290129340398"
WEBHOOK = "https://notificaciones.example.com/api/notifications/webhook"
NODES = {"token", "phone_number", "account", "subscribed_apps", "templates"}


class Outcome(Protocol):
    """What conftest's `collect` gives."""

    samples: dict[tuple[str, ...], float]
    error: str | None

    def current(self, *labels: str) -> set[str]: ...
    def names(self) -> set[str]: ...


Collect = Callable[[GraphCollector], Awaitable[Outcome]]


class World(Protocol):
    """What conftest's `world` offers."""

    front: Any
    clock: Any
    folder: Path
    token_file: Path

    async def change(self, what: str, **members: object) -> None: ...
    async def lift_faults(self) -> None: ...
    def replace(self, path_end: str, answer: object = None, **members: object) -> None: ...
    def collector(self, **settings: object) -> GraphCollector: ...


def read(outcome: Outcome) -> set[str]:
    """The nodes that were read."""
    return outcome.current("read_success")
