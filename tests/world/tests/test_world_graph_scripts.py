"""Which statuses follow a message, in which form, in which requests, and how often."""

import asyncio
import hashlib
import hmac
import itertools
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from whatsapp_world.graph.statuses import SCRIPTS

StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Requests = asyncio.Queue[tuple[bytes, str]]
Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
SECRET = b"app-secret"
PMP = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
PHONE = "106540352242922"
MESSAGE = {
    "messaging_product": "whatsapp",
    "to": "51987654321",
    "type": "template",
    "template": {"name": "aviso", "language": {"code": "es"}},
    "biz_opaque_callback_data": "notificación:7",
}


async def send(graph: httpx.AsyncClient, version: str = "v23.0", **changes: object) -> httpx.Response:
    return await graph.post(f"/{version}/{PHONE}/messages", json={**MESSAGE, **changes})


async def fault(graph: httpx.AsyncClient, **document: object) -> None:
    added = await graph.post("/_lab/faults", json=document)
    assert added.status_code == 201, added.text


async def next_document(requests: Requests) -> dict[str, Any]:
    """The next webhook, its signature checked over the raw bytes."""
    raw, signature = await asyncio.wait_for(requests.get(), 10)
    assert signature == "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()
    document: dict[str, Any] = json.loads(raw)
    return document


async def next_statuses(requests: Requests, amount: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < amount:
        for change in (await next_document(requests))["entry"][0]["changes"]:
            found += change["value"].get("statuses", [])
    return found


@pytest.mark.parametrize("script", sorted(set(SCRIPTS) - {"silent"}))
async def test_scripts_decide_the_statuses(
    start_graph: StartGraph, webhook_requests: Requests, eventually: Eventually, script: str
) -> None:
    expected = [step.status for step in SCRIPTS[script]]
    async with start_graph() as graph:
        await fault(graph, kind="statuses", script=script, count=1)
        await send(graph)
        found = [status["status"] for status in await next_statuses(webhook_requests, len(expected))]

        async def all_taken() -> bool:
            return bool((await graph.get("/_lab/state")).json()["webhooks"]["pending"] == 0)

        await eventually(all_taken)

    # One status a request: only those that are due together may overtake each other on the way.
    assert sorted(found) == sorted(expected)
    assert found[0] == expected[0]


async def test_no_status_may_come_at_all(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        await fault(graph, kind="statuses", script="silent")
        await send(graph)
        state = (await graph.get("/_lab/state")).json()

    assert (state["accepted"], state["webhooks"]["pending"]) == (1, 0)


async def test_steps_can_be_given(start_graph: StartGraph, webhook_requests: Requests) -> None:
    steps = [
        {"status": "failed", "after_seconds": 0.3, "code": 131049},
        {"status": "read", "after_seconds": 0.1, "age_seconds": 86_400},
    ]
    async with start_graph() as graph:
        await fault(graph, kind="statuses", steps=steps)
        await send(graph)
        read, failed = await next_statuses(webhook_requests, 2)

    assert (read["status"], failed["status"]) == ("read", "failed")
    assert failed["errors"][0]["code"] == 131049
    assert 86_398 <= int(failed["timestamp"]) - int(read["timestamp"]) <= 86_402


async def test_statuses_can_come_late(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await fault(graph, kind="statuses", delay_seconds=3_600)
        await send(graph)
        late = (await graph.get("/_lab/state")).json()["webhooks"]["pending"]
        await graph.delete("/_lab/faults")
        await send(graph)
        await next_statuses(webhook_requests, 3)

    assert late == 3


async def test_a_fault_may_be_meant_for_some_messages(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    async with start_graph() as graph:
        both = {"template": "otra", "callback_data": "1"}
        for match in ({"callback_data": "1"}, {"to": "51900000001"}, both):
            await fault(graph, kind="error", code=131000, match=match)
        by_callback = await send(graph, biz_opaque_callback_data="1")
        by_number = await send(graph, to="51900000001")
        neither = await send(graph, biz_opaque_callback_data="2")
        shown = (await graph.get("/_lab/faults")).json()["items"]

    assert [answer.status_code for answer in (by_callback, by_number, neither)] == [500, 500, 200]
    assert shown[1]["match"] == {"to": "*********01"}
    assert [item["hits"] for item in shown] == [1, 1, 0]


async def test_a_status_may_come_before_the_answer(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    async with start_graph() as graph:
        await fault(graph, kind="status_first", count=1)
        answer = await send(graph)
        status = (await next_statuses(webhook_requests, 1))[0]

        assert answer.json()["messages"][0]["id"] == status["id"]
        assert status["status"] == "sent"
        # The receiver had it before the answer came, so nothing had to be waited for.
        state = (await graph.get("/_lab/state")).json()
        assert state["statuses"]["sent"] == 1


async def test_the_answer_does_not_wait_for_ever(start_graph: StartGraph) -> None:
    async with start_graph(url="http://127.0.0.1:1/webhook") as graph:
        await fault(graph, kind="status_first", seconds=0.05)
        answer = await send(graph)

    assert answer.status_code == 200


async def test_contacts_may_hide_their_number(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph(batch=50) as graph:
        await fault(graph, kind="webhooks_off")
        await fault(graph, kind="status_shape", bsuid=True, count=1)
        answer = (await send(graph)).json()
        await graph.delete("/_lab/faults")
        document = await next_document(webhook_requests)

    user_id = answer["contacts"][0]["user_id"]
    assert answer["contacts"] == [{"input": "51987654321", "user_id": user_id}]
    assert user_id.startswith("PE.")
    for change in document["entry"][0]["changes"]:
        (contact,), (status,) = change["value"]["contacts"], change["value"]["statuses"]
        assert (contact["user_id"], status["recipient_user_id"]) == (user_id, user_id)
        assert "wa_id" not in contact
        assert "recipient_id" not in status
    assert "51987654321" not in json.dumps(document)


@pytest.mark.parametrize(
    ("version", "shape", "conversation", "pricing"),
    [
        ("v23.0", {}, True, PMP),
        ("v24.0", {}, False, PMP),
        (
            "v24.0",
            {"pricing_model": "CBP", "conversation": True},
            True,
            {"billable": True, "pricing_model": "CBP", "category": "utility"},
        ),
        ("v23.0", {"pricing_model": "none", "conversation": False}, False, None),
    ],
)
async def test_both_pricing_models_and_versions(
    start_graph: StartGraph,
    webhook_requests: Requests,
    version: str,
    shape: dict[str, object],
    conversation: bool,
    pricing: dict[str, object] | None,
) -> None:
    async with start_graph() as graph:
        await fault(graph, kind="status_shape", **shape)
        await send(graph, version)
        found = {status["status"]: status for status in await next_statuses(webhook_requests, 3)}

    for name in ("sent", "delivered"):
        assert ("conversation" in found[name]) is conversation
        assert found[name].get("pricing") == pricing
    assert not {"conversation", "pricing"} & found["read"].keys()


async def test_pricing_comes_with_read_when_delivered_does_not(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    async with start_graph() as graph:
        await fault(graph, kind="statuses", script="skipped_delivered")
        await send(graph)
        found = await next_statuses(webhook_requests, 2)

    assert [status["pricing"]["pricing_model"] for status in found] == ["PMP", "PMP"]


async def test_unknown_fields_and_missing_callback_data(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    async with start_graph() as graph:
        await fault(graph, kind="status_shape", unknown_fields=True, callback_data=False)
        await send(graph)
        document = await next_document(webhook_requests)

    known, future = document["entry"][0]["changes"]
    assert future["field"] == "field_of_the_future"
    assert "future_status_field" in known["value"]["statuses"][0]
    assert "biz_opaque_callback_data" not in known["value"]["statuses"][0]


async def test_a_thousand_statuses_in_one_body(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/limits", json={"messages_per_second": 0, "pair_seconds": 0})
        await fault(graph, kind="webhook_batch", size=1_000)
        await fault(graph, kind="statuses", steps=[{"status": "sent"}] * 50)
        for _ in range(20):
            assert (await send(graph)).status_code == 200
        statuses = (await next_document(webhook_requests))["entry"][0]["changes"][0]["value"]["statuses"]

    assert len(statuses) == 1_000
    assert len({status["id"] for status in statuses}) == 20


async def test_a_body_of_three_megabytes(start_graph: StartGraph, webhook_requests: Requests) -> None:
    size = 3 * 1024 * 1024
    async with start_graph() as graph:
        await fault(graph, kind="webhook_batch", size=3, pad_to_bytes=size)
        await send(graph)
        raw, signature = await asyncio.wait_for(webhook_requests.get(), 10)

    assert len(raw) == size
    assert signature == "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()
    assert len(json.loads(raw)["entry"][0]["changes"][0]["value"]["statuses"]) == 3


async def test_an_incomplete_batch_waits_until_the_fault_is_lifted(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    async with start_graph(batch=50) as graph:
        await fault(graph, kind="webhook_batch", size=4)
        await send(graph)
        await graph.get("/_lab/state")
        waiting = webhook_requests.empty()
        await graph.delete("/_lab/faults?kind=webhook_batch")
        found = await next_statuses(webhook_requests, 3)

    assert waiting
    assert len(found) == 3


async def test_taken_bodies_may_come_again(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph(batch=50) as graph:
        await fault(graph, kind="webhooks_off")
        await fault(graph, kind="webhook_repeat", times=3, count=1)
        await send(graph)
        await graph.delete("/_lab/faults?kind=webhooks_off")
        bodies = [await asyncio.wait_for(webhook_requests.get(), 10) for _ in range(3)]
        statuses = (await graph.get("/_lab/state")).json()["statuses"]

    assert bodies[0] == bodies[1] == bodies[2]
    assert statuses == {"delivered": 1, "read": 1, "sent": 1}


async def test_signatures_may_be_wrong(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await fault(graph, kind="webhook_signature", count=1)
        await fault(graph, kind="statuses", steps=[{"status": "sent"}])
        await send(graph)
        raw, signature = await asyncio.wait_for(webhook_requests.get(), 10)

    assert signature != "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()
    assert signature.startswith("sha256=")


async def test_retries_fall_off_as_metas_do(
    start_graph: StartGraph, webhook_requests: Requests, webhook_answers: list[int], eventually: Eventually
) -> None:
    webhook_answers += [500] * 6
    loop = asyncio.get_running_loop()
    async with start_graph(time_compression=600) as graph:
        await fault(graph, kind="statuses", steps=[{"status": "sent"}])
        await send(graph)
        moments = []
        for _ in range(7):
            await asyncio.wait_for(webhook_requests.get(), 10)
            moments.append(loop.time())

        async def taken() -> bool:
            return bool((await graph.get("/_lab/state")).json()["statuses"] == {"sent": 1})

        await eventually(taken)

    # At once, then 1, 2, 4 … minutes, here 0.1, 0.2, 0.4 … seconds.
    waits = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert waits[0] < waits[-1]
    for wait, expected in zip(waits[1:], (0.1, 0.2, 0.4, 0.8, 1.6), strict=True):
        assert expected * 0.9 <= wait


async def test_retries_end_after_seven_days(
    start_graph: StartGraph, webhook_answers: list[int], eventually: Eventually
) -> None:
    webhook_answers += [500] * 100
    async with start_graph(time_compression=7 * 86_400 / 0.2) as graph:
        await fault(graph, kind="statuses", steps=[{"status": "sent"}])
        await send(graph)

        async def given_up() -> bool:
            return bool((await graph.get("/_lab/state")).json()["webhooks"]["statuses_dropped"] == 1)

        await eventually(given_up)
        webhooks = (await graph.get("/_lab/state")).json()["webhooks"]

    assert webhooks["pending"] == 0
    assert webhooks["requests_failed"] >= 2


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "statuses"},
        {"kind": "statuses", "script": "ballad"},
        {"kind": "statuses", "script": "silent", "steps": []},
        {"kind": "statuses", "steps": [{"after_seconds": 1}]},
        {"kind": "statuses", "steps": [{"status": "sent", "after_seconds": -1}]},
        {"kind": "statuses", "steps": [{"status": "sent"}] * 51},
        {"kind": "status_shape", "pricing_model": "FREE"},
        {"kind": "webhook_batch"},
        {"kind": "webhook_batch", "size": 1_001},
        {"kind": "webhook_batch", "size": 1, "pad_to_bytes": 3 * 1024 * 1024 + 1},
        {"kind": "webhook_batch", "size": 1, "count": 3},
        {"kind": "webhook_signature", "signature": "green"},
        {"kind": "read_limit", "code": 131000},
        {"kind": "usage"},
        {"kind": "usage", "percent": 101},
        {"kind": "error", "code": 1, "on": "weekends"},
        {"kind": "error", "code": 1, "match": {"colour": "red"}},
        {"kind": "webhooks_off", "match": {"to": "1"}},
    ],
)
async def test_impossible_faults_are_refused(start_graph: StartGraph, document: dict[str, object]) -> None:
    async with start_graph() as graph:
        response = await graph.post("/_lab/faults", json=document)

    assert response.status_code == 400
    assert response.json()["error"]
