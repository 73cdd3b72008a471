"""How many messages a second the Graph simulator takes by itself: ``python -m whatsapp_world.graph.ceiling``.

Benchmarks that send through it print this figure beside their own: one that comes near it has measured the
simulator. The simulator runs in a process of its own with its limits lifted, the load and the webhooks'
receiver in this one, all in the clear over loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

import httptools
import httpx
import uvloop

from whatsapp_world.graph.load import LoadError, LoadResult, LoadTarget, load

PHONE_NUMBER_ID: Final = "106540352242922"
TEMPLATE: Final = {
    "nombre": "pago_realizado",
    "idioma": "es",
    "categoria": "UTILITY",
    "cuerpo": "Hola {{1}}: se pagó {{2}}.",
}
WARM_UP_SECONDS: Final = 1.0
START_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Ceiling:
    """What the simulator did by itself."""

    messages_per_second: float
    messages: int
    refused: int
    seconds: float
    connections: int
    cpu_microseconds_per_message: float
    """CPU time of the simulator's process, its webhooks included."""
    median_ms: float
    p99_ms: float
    webhooks: bool
    state_file: bool
    statuses: int
    """Statuses that the receiver took, until none was pending."""
    webhook_requests: int


class _Receiver(asyncio.Protocol):
    """Answers every webhook with 200."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._transport is not None:
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


@contextlib.asynccontextmanager
async def _simulator(arguments: Sequence[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "whatsapp_world", "graph", *arguments), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far (Linux)."""
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


async def _started(port: int) -> None:
    """Wait until the simulator listens; raise LoadError when it does not."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise LoadError("the simulator does not start")


async def _drained(port: int) -> dict[str, Any]:
    """Return the webhooks' counts once no status is pending, or when that takes too long."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        until = time.monotonic() + DRAIN_SECONDS
        while True:
            webhooks: dict[str, Any] = (await client.get("/_lab/state")).json()["webhooks"]
            if not webhooks.get("pending") or time.monotonic() > until:
                return webhooks
            await asyncio.sleep(0.2)


async def measure(*, seconds: float, connections: int, webhooks: bool, state_file: bool) -> Ceiling:
    """Start a simulator, load it, and return what it did; raise LoadError when that cannot be done."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="graph-ceiling-") as name:
        folder = Path(name)
        (folder / "token").write_text("ceiling-token\n")
        (folder / "secret").write_text("ceiling-secret\n")
        (folder / "templates.json").write_text(json.dumps({"plantillas": [TEMPLATE]}))
        receiver = await asyncio.get_running_loop().create_server(_Receiver, "127.0.0.1", 0)
        receiver_port = receiver.sockets[0].getsockname()[1]
        arguments = [
            *("--port", str(port), "--token-file", str(folder / "token")),
            *("--phone-number-id", PHONE_NUMBER_ID, "--templates-file", str(folder / "templates.json")),
            *("--messages-per-second", "0", "--pair-seconds", "0"),
            *("--sent-seconds", "0.1", "--delivered-seconds", "0.2", "--read-seconds", "0.5"),
        ]
        if webhooks:
            arguments += ["--webhook-url", f"http://127.0.0.1:{receiver_port}/"]
            arguments += ["--app-secret-file", str(folder / "secret"), "--webhook-batch", "1000"]
        if state_file:
            arguments += ["--state-file", str(folder / "state")]
        async with receiver, _simulator(arguments) as process:
            await _started(port)
            before = _cpu_seconds(process.pid)
            target = LoadTarget("127.0.0.1", port, "ceiling-token", PHONE_NUMBER_ID, str(TEMPLATE["nombre"]))
            result = await load(
                target, seconds=seconds, connections=connections, warm_up_seconds=WARM_UP_SECONDS
            )
            counts = await _drained(port)
            accepted = await _accepted(port)
            cpu = _cpu_seconds(process.pid) - before
    return _ceiling(result, counts, cpu / accepted, connections, webhooks=webhooks, state_file=state_file)


async def _accepted(port: int) -> int:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        accepted: int = (await client.get("/_lab/state")).json()["accepted"]
        return accepted


def _ceiling(
    result: LoadResult,
    counts: dict[str, Any],
    cpu_seconds: float,
    connections: int,
    *,
    webhooks: bool,
    state_file: bool,
) -> Ceiling:
    return Ceiling(
        messages_per_second=round(result.accepted / result.seconds, 1),
        messages=result.accepted,
        refused=result.refused,
        seconds=round(result.seconds, 2),
        connections=connections,
        cpu_microseconds_per_message=round(cpu_seconds * 1e6, 1),
        median_ms=round(result.median * 1e3, 2),
        p99_ms=round(result.p99 * 1e3, 2),
        webhooks=webhooks,
        state_file=state_file,
        statuses=counts.get("statuses_delivered", 0),
        webhook_requests=counts.get("requests_answered_200", 0),
    )


def report(ceiling: Ceiling) -> str:
    """Return the figures as text."""
    measured = f"{ceiling.messages:,} messages, {ceiling.seconds:.1f} s, {ceiling.connections} connections"
    lines = [
        f"messages/s               {ceiling.messages_per_second:,.0f}",
        f"CPU per message          {ceiling.cpu_microseconds_per_message:,.0f} us",
        f"answered in (median/p99) {ceiling.median_ms:.2f} / {ceiling.p99_ms:.2f} ms",
        f"measured                 {measured}, {ceiling.refused} refused",
    ]
    if ceiling.webhooks:
        lines.append(
            f"webhooks                 {ceiling.statuses:,} statuses, {ceiling.webhook_requests:,} requests"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 1 when the simulator cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m whatsapp_world.graph.ceiling", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="(default: %(default)g)")
    parser.add_argument("--connections", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--without-webhooks", action="store_true", help="send no statuses")
    parser.add_argument("--state-file", action="store_true", help="keep a state file too")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(argv)
    try:
        ceiling = uvloop.run(
            measure(
                seconds=options.seconds,
                connections=options.connections,
                webhooks=not options.without_webhooks,
                state_file=options.state_file,
            )
        )
    except LoadError as exc:
        sys.stderr.write(f"ceiling: {exc}\n")
        return 1
    sys.stdout.write((json.dumps(asdict(ceiling), indent=2) if options.json else report(ceiling)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
