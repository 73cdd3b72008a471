"""Webhooks that operators write themselves, statuses at once, and duplicates."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from whatsapp_world.graph.accepted import CallbackCounts
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.webhook_payload import BusinessNumber

StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Requests = asyncio.Queue[tuple[bytes, str]]
Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
SECRET = b"app-secret"
PHONE, ACCOUNT = "106540352242922", "102290129340398"
MESSAGE = {
    "messaging_product": "whatsapp",
    "to": "51987654321",
    "type": "template",
    "template": {"name": "aviso", "language": {"code": "es"}},
    "biz_opaque_callback_data": "7",
}


def signed(raw: bytes) -> str:
    return "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()


async def send(graph: httpx.AsyncClient, **changes: object) -> str:
    answer = await graph.post(f"/v23.0/{PHONE}/messages", json={**MESSAGE, **changes})
    identifier: str = answer.json()["messages"][0]["id"]
    return identifier


async def changes(requests: Requests, amount: int) -> list[tuple[str, dict[str, Any]]]:
    """So many webhooks' (field, value), their envelopes and signatures checked; sorted by field."""
    found = []
    for _ in range(amount):
        raw, signature = await asyncio.wait_for(requests.get(), 10)
        assert signature == signed(raw)
        document = json.loads(raw)
        (entry,) = document["entry"]
        (change,) = entry["changes"]
        assert (document["object"], entry["id"]) == ("whatsapp_business_account", ACCOUNT)
        # Only the field messages has no time of its own.
        assert ("time" in entry) is (change["field"] != "messages")
        found.append((change["field"], change["value"]))
    return sorted(found, key=lambda pair: pair[0])


@pytest.mark.parametrize("signature", ["valid", "wrong", "missing"])
async def test_documents_are_posted_as_they_are(
    start_graph: StartGraph,
    webhook_requests: Requests,
    webhook_answers: list[int],
    signature: str,
) -> None:
    webhook_answers += [401]
    async with start_graph() as graph:
        answer = (
            await graph.post(
                "/_lab/webhooks", json={"document": {"entry": ["ñandú"]}, "signature": signature}
            )
        ).json()
        raw, header = await asyncio.wait_for(webhook_requests.get(), 10)

    assert answer == {"ok": False, "http_status": 401, "failure": "HTTP 401"}
    assert raw == b'{"entry":["\\u00f1and\\u00fa"]}'
    assert (header == signed(raw)) is (signature == "valid")
    assert (header == "") is (signature == "missing")


async def test_raw_text_and_large_documents_are_posted(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    async with start_graph() as graph:
        broken = await graph.post("/_lab/webhooks", json={"raw": '{"entry": ['})
        small, _ = await asyncio.wait_for(webhook_requests.get(), 10)
        document = {"entry": [], "padding": "x" * (3 * 1024 * 1024)}
        large = await graph.post("/_lab/webhooks", json={"document": document})
        body, _ = await asyncio.wait_for(webhook_requests.get(), 10)
        refused = [
            (await graph.post("/_lab/webhooks", json=posted)).status_code
            for posted in ({}, {"raw": "x", "document": {}}, {"raw": 7}, {"raw": "x", "signature": "green"})
        ]
        huge = await graph.post("/_lab/webhooks", json={"raw": "x" * (4 * 1024 * 1024)})

    assert (broken.json()["ok"], small) == (True, b'{"entry": [')
    assert (large.json()["ok"], json.loads(body)) == (True, document)
    assert refused == [400] * 4
    assert huge.status_code == 413


async def test_a_status_can_be_emitted_now(
    start_graph: StartGraph, webhook_requests: Requests, eventually: Eventually
) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/faults", json={"kind": "statuses", "script": "silent"})
        identifier = await send(graph)
        emitted = [
            await graph.post("/_lab/statuses", json=document)
            for document in (
                {"id": identifier, "status": "failed", "code": 131049},
                {"callback_data": "7", "status": "read", "age_seconds": 86_400, "times": 2},
            )
        ]
        found = [value["statuses"][0] for _, value in await changes(webhook_requests, 3)]

        async def remembered() -> bool:
            (item,) = (await graph.get("/_lab/messages")).json()["items"]
            return sorted(item["statuses"]) == ["failed", "read", "read"]

        await eventually(remembered)
        refused = [
            (await graph.post("/_lab/statuses", json=document)).status_code
            for document in (
                {"id": "wamid.nobody", "status": "read"},
                {"id": identifier},
                {"status": "read"},
                {"id": identifier, "callback_data": "7", "status": "read"},
            )
        ]

    assert [answer.status_code for answer in emitted] == [202, 202]
    assert {status["id"] for status in found} == {identifier}
    assert sorted(status["status"] for status in found) == ["failed", "read", "read"]
    assert refused == [404, 400, 400, 400]


async def test_duplicates_are_counted_by_callback_data(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        for callback_data in ("1", "2", "1", "3", "1", "2"):
            await send(graph, biz_opaque_callback_data=callback_data)
        await graph.post("/_lab/faults", json={"kind": "drop", "accepted": False, "count": 1})
        with pytest.raises(httpx.TransportError):
            await send(graph, biz_opaque_callback_data="3")
        await graph.post(
            f"/v23.0/{PHONE}/messages", json={**MESSAGE, "biz_opaque_callback_data": "3", "type": "pigeon"}
        )
        duplicates = (await graph.get("/_lab/duplicates")).json()
        one = (await graph.get("/_lab/duplicates?callback_data=1")).json()
        none = (await graph.get("/_lab/duplicates?callback_data=9")).json()
        messages = (await graph.get("/_lab/messages?callback_data=2")).json()
        state = (await graph.get("/_lab/state")).json()
        await graph.delete("/_lab/messages")
        emptied = (await graph.get("/_lab/duplicates")).json()

    assert duplicates == {
        "items": [
            {"biz_opaque_callback_data": "1", "accepted": 3},
            {"biz_opaque_callback_data": "2", "accepted": 2},
        ],
        "total": 2,
        "extra": 3,
        "remembered": 3,
        "forgotten": 0,
    }
    assert (one["accepted"], none["accepted"]) == (3, 0)
    assert (messages["total"], len(messages["items"])) == (2, 2)
    assert state["duplicates"] == {"total": 2, "extra": 3, "remembered": 3, "forgotten": 0}
    assert (emptied["total"], emptied["remembered"]) == (0, 0)


def test_remembered_callback_data_is_bounded() -> None:
    counts = CallbackCounts(capacity=3)
    for callback_data in ("a", "b", "a", "c", "d", "e"):
        counts.add(callback_data)

    # What came twice stays; of the rest the oldest go.
    assert [counts.count(callback_data) for callback_data in "abcde"] == [2, 0, 0, 1, 1]
    assert counts.forgotten == 2


async def test_attempts_of_one_message_count_as_one(start_graph: StartGraph) -> None:
    async with start_graph(callback_separator=".") as graph:
        for callback_data in ("7.1", "8.1", "7.2", "9"):
            await send(graph, biz_opaque_callback_data=callback_data)
        duplicates = (await graph.get("/_lab/duplicates")).json()
        one = (await graph.get("/_lab/duplicates?callback_data=7.1")).json()
        exact = (await graph.get("/_lab/messages?callback_data=7.2")).json()

    assert duplicates["items"] == [{"biz_opaque_callback_data": "7", "accepted": 2}]
    assert one["accepted"] == 2
    assert exact["total"] == 1


async def test_webhooks_need_an_address(serve: Callable[..., AbstractAsyncContextManager[str]]) -> None:
    settings = GraphSettings("token", BusinessNumber(ACCOUNT, PHONE, "+51 1 700 0000", "V"))
    async with serve(build_app(GraphSimulator(settings))) as url, httpx.AsyncClient(base_url=url) as graph:
        answers = [
            await graph.post(f"/_lab/{endpoint}", json={"field": "security", "raw": "x"})
            for endpoint in ("handshake", "webhooks", "statuses", "events")
        ]

    assert [answer.status_code for answer in answers] == [409] * 4
