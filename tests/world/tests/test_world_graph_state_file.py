"""A simulator that is killed and started again still knows what it accepted and sends what it owed."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whatsapp_world.errors import UsageError
from whatsapp_world.graph.accepted import AcceptedMessage, MessageLog
from whatsapp_world.graph.journal import Journal, Over
from whatsapp_world.graph.shape import StatusShape
from whatsapp_world.graph.statuses import StatusStep

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
Requests = asyncio.Queue[tuple[bytes, str]]
StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
PHONE = "106540352242922"
ADDRESS = "http://127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def message(callback_data: str | None, identifier: str = "wamid.1", statuses: int = 2) -> AcceptedMessage:
    return AcceptedMessage(
        id=identifier,
        accepted_at=1_700_000_000.5,
        kind="template",
        recipient="51987654321",
        template="aviso",
        language="es",
        category="utility",
        parameters=("Rosa", "ñ"),
        callback_data=callback_data,
        api_version=24,
        shape=StatusShape(bsuid=True),
        steps=[StatusStep("sent", 0.5), StatusStep("failed", 1.5, 131026, 60.0)][:statuses],
    )


def known(log: MessageLog) -> dict[str, object]:
    """Everything that a log says."""
    return {
        "page": log.page(10_000),
        "duplicates": log.callbacks.page(10_000),
        "outstanding": {found.id: found.outstanding for found in log.outstanding.values()},
        "steps": {found.id: (found.shape, found.steps) for found in log.newest()},
    }


def reopened(path: Path) -> Journal:
    journal = Journal(path)
    journal.close()
    return journal


def body(callback_data: int) -> dict[str, object]:
    return {
        "messaging_product": "whatsapp",
        "to": f"5190000{callback_data % 10_000:04d}",
        "type": "template",
        "template": {"name": "aviso", "language": {"code": "es"}},
        "biz_opaque_callback_data": str(callback_data),
    }


class Simulator:
    """A simulator in a process of its own, always at the same port and with the same state file."""

    def __init__(self, folder: Path, webhook_url: str) -> None:
        self.port = free_port()
        (folder / "token").write_text("token\n")
        (folder / "secret").write_text("secret\n")
        self._arguments = [
            *("--port", str(self.port), "--token-file", str(folder / "token")),
            *("--webhook-url", webhook_url, "--app-secret-file", str(folder / "secret")),
            *("--state-file", str(folder / "state"), "--messages-per-second", "0", "--pair-seconds", "0"),
            *("--sent-seconds", "0.05", "--delivered-seconds", "0.2", "--read-seconds", "0.2"),
            *("--failed-probability", "0", "--delivered-probability", "1", "--read-probability", "1"),
            *("--skipped-delivered-probability", "0", "--duplicated-probability", "0"),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run while the context lasts, then kill it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "whatsapp_world", "graph", *self._arguments),
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(30):
                while True:
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                        writer.close()
                        break
                    assert process.returncode is None, "the simulator ended by itself"
                    await asyncio.sleep(0.05)
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.wait()

    def client(self) -> httpx.AsyncClient:
        headers = {"Authorization": "Bearer token"}
        return httpx.AsyncClient(base_url=f"{ADDRESS}:{self.port}", headers=headers, trust_env=False)


async def test_killed_simulators_owe_no_status(
    tmp_path: Path, webhook_url: str, webhook_requests: Requests, eventually: Eventually
) -> None:
    simulator = Simulator(tmp_path, webhook_url)
    accepted: dict[str, str] = {}

    async def send_until_it_is_killed(client: httpx.AsyncClient, numbers: range) -> None:
        for number in numbers:
            with contextlib.suppress(httpx.TransportError):
                answer = await client.post(f"/v23.0/{PHONE}/messages", json=body(number))
                accepted[answer.json()["messages"][0]["id"]] = str(number)

    for round_number in range(2):
        async with simulator.client() as client:
            numbers = range(round_number * 1_000, round_number * 1_000 + 1_000)
            async with simulator.running():
                sending = asyncio.create_task(send_until_it_is_killed(client, numbers))
                for _ in range(20):  # some statuses have come, some are due, many are not
                    await asyncio.wait_for(webhook_requests.get(), 10)
            await sending
    async with simulator.running(), simulator.client() as client:
        await client.post(f"/v23.0/{PHONE}/messages", json=body(0))
        await client.post(f"/v23.0/{PHONE}/messages", json=body(0))

        async def nothing_pending() -> bool:
            webhooks = (await client.get("/_lab/state")).json()["webhooks"]
            return bool(webhooks["pending"] == 0)

        await eventually(nothing_pending)
        state = (await client.get("/_lab/state")).json()
        page = (await client.get("/_lab/messages?limit=5000")).json()
        duplicates = (await client.get("/_lab/duplicates")).json()

    ours = {item["id"]: item for item in page["items"]}
    assert len(accepted) > 20
    # What was answered was remembered; of what was not, one message at most for each kill was.
    assert accepted.keys() <= ours.keys()
    assert len(ours) - len(accepted) <= 2 + 2
    assert page["total"] == state["accepted"] == len(ours)
    # A status may come twice when its receiver was not the last to hear of it, but none is owed.
    assert all({"sent", "delivered", "read"} == set(item["statuses"]) for item in ours.values())
    assert duplicates["items"] == [{"biz_opaque_callback_data": "0", "accepted": 3}]


async def test_statuses_that_are_not_due_wait_for_their_time(
    tmp_path: Path, start_graph: StartGraph, webhook_requests: Requests
) -> None:
    state_file = tmp_path / "state"
    async with start_graph(state_file=state_file) as graph:
        await graph.post("/_lab/faults", json={"kind": "statuses", "delay_seconds": 3_600})
        await graph.post(f"/v23.0/{PHONE}/messages", json=body(1))
        await graph.post("/_lab/faults", json={"kind": "webhooks_off"})
        await graph.delete("/_lab/faults?kind=statuses")
        await graph.post(f"/v23.0/{PHONE}/messages", json=body(2))
        await graph.post("/_lab/statuses", json={"callback_data": "1", "status": "failed", "code": 131026})
    async with start_graph(state_file=state_file) as graph:
        found = [json.loads((await asyncio.wait_for(webhook_requests.get(), 10))[0]) for _ in range(4)]
        pending = (await graph.get("/_lab/state")).json()["webhooks"]["pending"]

    statuses = [document["entry"][0]["changes"][0]["value"]["statuses"][0] for document in found]
    assert Counter((status["biz_opaque_callback_data"], status["status"]) for status in statuses) == Counter(
        [("1", "failed"), ("2", "sent"), ("2", "delivered"), ("2", "read")]
    )
    assert 3 <= pending <= 7
    assert state_file.stat().st_mode & 0o777 == 0o600


def test_the_file_says_what_the_log_said(tmp_path: Path) -> None:
    path = tmp_path / "state"
    journal, log = Journal(path), MessageLog()
    for number in range(3):
        new = message(str(number % 2), f"wamid.{number}")
        journal.accepted(new)
        log.add(new)
    first = log.find("wamid.0")
    assert first is not None
    journal.over([Over(first, 0, delivered=True), Over(first, 1, delivered=False)])
    first.delivered.append("sent")
    log.settle(first, 0)
    log.settle(first, 1)
    step = StatusStep("read", 9.0)
    journal.step_added(first, step)
    log.extend(first, step)
    journal.close()

    assert known(reopened(path).recovered.log) == known(log)
    assert reopened(path).recovered.statuses == {"sent": 1}


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_survives_and_any_cut_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "state"
    journal, log = Journal(path), MessageLog(capacity=4)
    steps = data.draw(st.lists(st.sampled_from(["accept", "over", "step", "clear", "compact"]), max_size=25))
    for position, action in enumerate(steps):
        if action == "accept":
            callback_data = data.draw(st.sampled_from(["a", "b", None]))
            new = message(callback_data, f"wamid.{position}", data.draw(st.integers(0, 2)))
            journal.accepted(new)
            log.add(new)
        elif action == "over" and log.outstanding:
            found = data.draw(st.sampled_from(sorted(log.outstanding.values(), key=lambda item: item.id)))
            index = data.draw(st.sampled_from(found.outstanding))
            journal.over([Over(found, index, delivered=False)])
            log.settle(found, index)
        elif action == "step" and log.outstanding:
            found = next(iter(log.outstanding.values()))
            journal.step_added(found, StatusStep("read", 9.0))
            log.extend(found, StatusStep("read", 9.0))
        elif action == "clear":
            journal.cleared()
            log.clear()
        elif action == "compact":
            journal.compact(log, Counter())
    journal.close()
    content = path.read_bytes()
    recovered = reopened(path).recovered.log

    assert known(recovered)["outstanding"] == known(log)["outstanding"]
    assert recovered.total == log.total
    assert recovered.callbacks.page(100) == log.callbacks.page(100)
    # A process that ends in the middle of a line leaves a file that is read up to there.
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    assert reopened(path).recovered.log.total <= log.total + len(steps)


def test_compaction_keeps_what_matters_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "state"
    journal, log = Journal(path), MessageLog()
    for number in range(500):
        new = message(str(number), f"wamid.{number}", statuses=1)
        journal.accepted(new)
        log.add(new)
        journal.over([Over(new, 0, delivered=True)])
        new.delivered.append("sent")
        log.settle(new, 0)
        if number == 250:
            journal.cleared()
            log.clear()
    grown = path.stat().st_size
    journal.compact(log, Counter(sent=500))
    journal.close()

    assert path.stat().st_size < grown * 0.6
    assert known(reopened(path).recovered.log) == known(log)


@pytest.mark.parametrize("content", [b"hello\n", b"[]\n", b'["song", 1]\n', b'["accepted", []]\n', b"\xff\n"])
def test_other_files_are_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)

    with pytest.raises(UsageError, match="state file"):
        Journal(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot use"):
        Journal(tmp_path / "nowhere" / "state")
