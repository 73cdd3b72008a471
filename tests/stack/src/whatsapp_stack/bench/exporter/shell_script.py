"""The way of shell scripts: curl for each document, jq and curl for each metric, a push gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import time
from collections.abc import AsyncIterator
from typing import Final

from whatsapp_stack.bench.exporter.costs import Costs
from whatsapp_stack.errors import StackError
from whatsapp_stack.exporter_process import GRAPH_VERSION
from whatsapp_stack.http_connection import HOST
from whatsapp_stack.stack import PHONE_NUMBER_ID, Stack

_NEEDED: Final = ("bash", "curl", "jq")
_SCRIPT: Final = r"""#!/bin/bash
set -o pipefail

push() {
    curl -sf -X POST --data-binary @- "$GATEWAY/metrics/job/whatsapp_api" >/dev/null
}

collect_api() {
    local document value metric
    document=$(curl -sf -H "X-API-Key: $API_KEY" "$API_URL/api/notifications/metrics/system") || return 1
    echo "[$(date '+%Y-%m-%d %H:%M:%S')] API_METRICS: $document" >>"$LOG"
    for metric in total_notifications_today error_rate_percentage avg_response_time_ms \
        pending_notifications; do
        value=$(echo "$document" | jq -r ".$metric") || return 1
        echo "whatsapp_$metric $value" | push || return 1
    done
}

collect_graph() {
    local document
    document=$(curl -sf -H "Authorization: Bearer $TOKEN" "$GRAPH_URL/$PHONE_NUMBER_ID") || return 1
    if echo "$document" | jq -e .error >/dev/null; then return 1; fi
    echo "[$(date '+%Y-%m-%d %H:%M:%S')] WHATSAPP_OK" >>"$LOG"
}

collect_api && collect_graph
"""
METRICS: Final = 4
"""Values that a run of the script pushes."""


def require_commands(path: str | None = None) -> None:
    """Raise StackError when a command that the script calls is missing from `path` (None: PATH)."""
    missing = [name for name in _NEEDED if shutil.which(name, path=path) is None]
    if missing:
        raise StackError(
            f"{', '.join(missing)} missing for the shell script: apt-get install {' '.join(missing)}, "
            "or leave it out with --part"
        )


async def script_runs(stack: Stack, times: int) -> Costs:
    """Run the script against a stack's API and Graph API. Raises StackError when a run fails.

    CPU is that of bash and of all it starts, not of what answers.
    """
    require_commands()
    script = stack.folder / "collect_metrics.sh"
    script.write_text(_SCRIPT, encoding="utf-8")
    async with _push_gateway() as pushed:
        environ = {
            "PATH": os.environ["PATH"],
            "API_URL": f"http://{HOST}:{stack.api_port}",
            "API_KEY": stack.api_key,
            "GRAPH_URL": f"http://{HOST}:{stack.graph_port}/{GRAPH_VERSION}",
            "PHONE_NUMBER_ID": PHONE_NUMBER_ID,
            "TOKEN": stack.access_token,
            "GATEWAY": f"http://{HOST}:{pushed.port}",
            "LOG": str(stack.folder / "collect_metrics.log"),
        }
        before, seconds = _children_cpu(), []
        for _ in range(times):
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec("bash", str(script), env=environ)
            status = await process.wait()
            seconds.append(time.monotonic() - began)
            if status != 0:
                raise StackError(f"the shell script ended with {status}")
        if pushed.bodies != times * METRICS:
            raise StackError(f"{pushed.bodies} metrics were pushed, not {times * METRICS}")
        return Costs(tuple(seconds), _children_cpu() - before)


class _PushGateway:
    """Takes a body, counts it and answers 200."""

    port = 0
    bodies = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            self.bodies += bool(await reader.readexactly(length))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def _push_gateway() -> AsyncIterator[_PushGateway]:
    gateway = _PushGateway()
    async with await asyncio.start_server(gateway.serve, HOST, 0) as server:
        gateway.port = server.sockets[0].getsockname()[1]
        yield gateway


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
