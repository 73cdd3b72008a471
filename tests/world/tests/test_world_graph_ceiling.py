"""The command that measures the simulator by itself."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

import httpx
import pytest
from whatsapp_world.graph import ceiling
from whatsapp_world.graph.load import LoadError, LoadTarget, load

StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
PHONE = "106540352242922"


@pytest.mark.parametrize("options", [["--without-webhooks"], ["--state-file"]])
def test_ceiling_is_measured(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = ceiling.main(["--seconds", "0.5", "--connections", "4", "--json", *options])

    figures = json.loads(capsys.readouterr().out)
    assert status == 0
    # What it can do is for benchmarks to say: a busy machine is slower than any number written here.
    assert figures["messages_per_second"] > 0
    assert figures["messages"] > figures["refused"] == 0
    assert 0 < figures["median_ms"] <= figures["p99_ms"]
    assert figures["cpu_microseconds_per_message"] > 0
    if figures["webhooks"]:
        assert figures["statuses"] > figures["webhook_requests"] > 0


def test_ceiling_is_readable(capsys: pytest.CaptureFixture[str]) -> None:
    status = ceiling.main(["--seconds", "0.3", "--connections", "2"])

    text = capsys.readouterr().out
    assert status == 0
    starts = ("messages/s ", "CPU per message ", "answered in (median/p99) ", "measured ", "webhooks ")
    assert all(line.startswith(start) for line, start in zip(text.splitlines(), starts, strict=True))


async def test_load_counts_what_is_refused(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        port = urlsplit(str(graph.base_url)).port or 0
        target = LoadTarget("127.0.0.1", port, "not-the-token", PHONE, "aviso")
        result = await load(target, seconds=0.2, connections=2)

    assert result.accepted == 0
    assert result.refused > 0


async def test_load_tells_when_there_is_no_server() -> None:
    with pytest.raises(LoadError, match="cannot connect"):
        await load(LoadTarget("127.0.0.1", 1, "token", PHONE, "aviso"), seconds=0.1, connections=1)


async def test_load_tells_when_the_server_goes_away(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/faults", json={"kind": "drop", "count": 1})
        token = graph.headers["Authorization"].removeprefix("Bearer ")
        port = urlsplit(str(graph.base_url)).port or 0
        with pytest.raises(LoadError, match="ended a connection"):
            await asyncio.wait_for(
                load(LoadTarget("127.0.0.1", port, token, PHONE, "aviso"), seconds=0.2, connections=2), 10
            )
