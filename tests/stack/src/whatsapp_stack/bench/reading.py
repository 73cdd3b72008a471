"""Reading: how soon one API worker answers out of a database of a million notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.cpu_shares import CpuShares
from whatsapp_stack.bench.figures import Figure, Report, Target
from whatsapp_stack.bench.large_database import NOTIFICATIONS, fill
from whatsapp_stack.bench.progress import tell
from whatsapp_stack.errors import StackError
from whatsapp_stack.http_connection import build_request
from whatsapp_stack.load import closed_loop
from whatsapp_stack.stack import Stack, StackSettings, prepared

_CONNECTIONS: Final = 4
_PATHS: Final = {
    "/api/notifications?estado=PENDIENTE&limite=10": True,
    "/health": True,
    "/health?detailed=true": False,
    "/metrics": False,
}


@dataclass(frozen=True, slots=True)
class ReadingLoad:
    """Rows in the database, and requests of each path."""

    notifications: int = NOTIFICATIONS
    requests: int = 1_000


async def measure(
    folder: Path, service: Mapping[str, str], *, kept: Path, load: ReadingLoad | None = None
) -> Report:
    """Ask for each path; `kept` is where the database stays for the next time. Raises StackError."""
    load = load or ReadingLoad()
    async with prepared(StackSettings(schedulers=0, webhooks=False, service=service), folder) as stack:
        fill(stack.database_file, stack.fixture, kept, load.notifications)
        await stack.api.start()
        figures = []
        for path, has_target in _PATHS.items():
            figures += await _ask(stack, path, load.requests, Target(below=20) if has_target else None)
        return Report("reading", (Figure("notifications in the database", load.notifications, ""), *figures))


async def _ask(stack: Stack, path: str, count: int, target: Target | None) -> list[Figure]:
    tell(f"{count:,} times GET {path}, {_CONNECTIONS} at a time")
    request = build_request("GET", path, headers={"X-API-Key": stack.api_key})
    shares = CpuShares([stack.api])
    result = await closed_loop(stack.api_port, [request] * count, connections=_CONNECTIONS)
    if result.errors:
        raise StackError(f"GET {path}: {result.errors} of {count} requests were not answered 2xx")
    return [
        Figure(f"GET {path}: p50", round(result.quantile(0.5) * 1000, 2), "ms"),
        Figure(f"GET {path}: p99", round(result.quantile(0.99) * 1000, 2), "ms", target),
        Figure(f"GET {path}: rate", round(result.rate, 1), "/s"),
        Figure(f"GET {path}: API's CPU", round(shares.seconds("api") / count * 1000, 2), "ms"),
    ]
