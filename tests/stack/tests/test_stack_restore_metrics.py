"""A real Prometheus over restores of the database: its increase() is what was accepted, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from lab import monitoring_tools
from whatsapp_stack.commands import command, run
from whatsapp_stack.daemon import Daemon
from whatsapp_stack.database_file import counted_states, insert_due, insert_sent
from whatsapp_stack.errors import StackError
from whatsapp_stack.ports import free_port
from whatsapp_stack.stack import Stack, StackSettings, prepared

ACCEPTED = "whatsapp_database_accepted_total"
COUNTERS = re.compile(r"whatsapp_database_.+_(total|bucket|sum|count)")
WAIT_SECONDS = 60
RESTORE_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus that answers queries."""

    client: httpx.AsyncClient

    async def query(self, expression: str) -> list[dict[str, object]]:
        """The result of an instant query."""
        answer = await self.client.get("/api/v1/query", params={"query": expression})
        answer.raise_for_status()
        result: list[dict[str, object]] = answer.json()["data"]["result"]
        return result

    async def number(self, expression: str) -> float:
        """The one value of an instant query; 0 when it has none."""
        result = await self.query(expression)
        if not result:
            return 0.0
        (one,) = result
        value = one["value"]
        assert isinstance(value, list)
        return float(value[1])

    async def names(self) -> list[str]:
        """Every metric's name."""
        answer = await self.client.get("/api/v1/label/__name__/values")
        found: list[str] = answer.json()["data"]
        return found

    async def until(self, expression: str, wanted: float) -> None:
        """Wait until a query has this value."""

        async def holds() -> bool:
            return await self.number(expression) == wanted

        await _eventually(holds)

    async def scraped_again(self) -> None:
        """Wait for two scrapes that begin from now on."""
        before = await self.number(f"max(timestamp({ACCEPTED}))")

        async def holds() -> bool:
            return await self.number(f"max(timestamp({ACCEPTED}))") >= before + 2

        await _eventually(holds)


@asynccontextmanager
async def prometheus(folder: Path, exporter_port: int) -> AsyncIterator[Prometheus]:
    """Scrape the exporter every second while the context lasts."""
    port = free_port()
    config = folder / "prometheus.yml"
    jobs = [{"job_name": "exporter", "static_configs": [{"targets": [f"127.0.0.1:{exporter_port}"]}]}]
    content = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}
    config.write_text(json.dumps(content), encoding="utf-8")
    with _process(
        [
            str(monitoring_tools.ensure() / "prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder / "prometheus.log",
    ):
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await _eventually(lambda: _is_ready(client))
            yield Prometheus(client)


async def test_increase_over_restores_is_what_was_accepted(tmp_path: Path) -> None:
    service = {"BACKUP_DIR": str(tmp_path / "backups"), "LOG_DIR": str(tmp_path)}
    async with prepared(StackSettings(service=service), tmp_path) as stack:
        exporter, port = _exporter(stack, tmp_path)
        try:
            await exporter.start()
            async with prometheus(tmp_path, port) as monitor:
                await _restores(stack, exporter, monitor)
        finally:
            exporter.kill()


async def _restores(stack: Stack, exporter: Daemon, monitor: Prometheus) -> None:
    insert_due(stack.database_file, stack.fixture, 400)
    await monitor.until(f"sum({ACCEPTED})", 400)
    await run(command("whatsapp-ops"), "backup", environ=stack.environ)
    insert_due(stack.database_file, stack.fixture, 20)
    insert_sent(stack.database_file, stack.fixture, 10)
    await monitor.until(f"sum({ACCEPTED})", 430)

    await _restore(stack)
    assert sum(counted_states(stack.database_file).values()) == 400
    await monitor.scraped_again()
    insert_due(stack.database_file, stack.fixture, 15)
    await monitor.until(f"sum({ACCEPTED})", 445)

    await exporter.stop()
    await _restore(stack)
    await exporter.start()
    await monitor.scraped_again()
    insert_sent(stack.database_file, stack.fixture, 5)
    await monitor.until(f"sum({ACCEPTED})", 450)

    counters = [name for name in await monitor.names() if COUNTERS.fullmatch(name)]
    assert len(counters) > 30
    assert [name for name in counters if await monitor.number(f"sum(resets({name}[10m]))") > 0] == []
    # Prometheus extends what it saw by up to half a scrape interval at each end, so a little more than the
    # number; without the offsets it would be 400 more for each restore.
    grown = await monitor.number(f"sum(increase({ACCEPTED}[10m]))")
    first = await monitor.number(f"sum(min_over_time({ACCEPTED}[10m]))")
    assert 450 - first <= grown <= (450 - first) * 1.3
    assert await monitor.number("sum(whatsapp_database_due_to_sent_seconds_count)") == 15
    assert await monitor.number('sum(whatsapp_database_due_to_sent_seconds_bucket{le="+Inf"})') == 15
    assert await monitor.number("sum(whatsapp_database_sent_total)") == 15


def _exporter(stack: Stack, folder: Path) -> tuple[Daemon, int]:
    port = free_port()
    config = folder / "exporter.yml"
    state = folder / "state"
    state.mkdir()
    content = {
        "collectors": {"database": {"url": f"file:{stack.database_file}"}},
        "state_directory": str(state),
    }
    config.write_text(json.dumps(content), encoding="utf-8")
    words = ("--config.file", str(config), "--web.listen-address", f"127.0.0.1:{port}")
    return (
        Daemon(
            "exporter",
            (command("whatsapp-exporter"), *words),
            {"PATH": os.environ["PATH"]},
            folder / "exporter.log",
        ),
        port,
    )


async def _restore(stack: Stack) -> None:
    """Restore the backup; a scrape that reads just then is out of the way at the next attempt."""
    for attempt in range(1, RESTORE_ATTEMPTS + 1):
        try:
            await run(command("whatsapp-ops"), "restore", "--latest", "--yes", environ=stack.environ)
        except StackError:
            if attempt == RESTORE_ATTEMPTS:
                raise
        else:
            return


async def _eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.1)


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/-/ready")).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _process(words: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)
