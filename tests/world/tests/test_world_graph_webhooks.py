"""Status webhooks of the Graph simulator: content, signature, retries, faults."""

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.statuses import StatusTimings
from whatsapp_world.graph.webhook_payload import BusinessNumber
from whatsapp_world.graph.webhook_sender import WebhookTarget
from whatsapp_world.http_server import Endpoint

TOKEN = "EAAG-lab-token"
SECRET = "app-secret"
PHONE_ID = "106540352242922"
NUMBER = BusinessNumber("102290129340398", PHONE_ID, "+51 1 700 0000", "Valorizaciones")
AT_ONCE = StatusTimings(
    sent_seconds=0,
    delivered_seconds=0,
    read_seconds=0,
    failed=0,
    delivered=1,
    read=1,
    skipped_delivered=0,
    duplicated=0,
)
BODY = {
    "messaging_product": "whatsapp",
    "to": "51987654321",
    "type": "template",
    "template": {"name": "pago_realizado", "language": {"code": "es"}},
    "biz_opaque_callback_data": "notificación:7",
}

Requests = asyncio.Queue[tuple[bytes, str]]
StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


class Certificate(Protocol):
    @property
    def cert(self) -> Path: ...
    @property
    def key(self) -> Path: ...


async def send(graph: httpx.AsyncClient, version: str = "v23.0", **changes: object) -> str:
    response = await graph.post(f"/{version}/{PHONE_ID}/messages", json={**BODY, **changes})
    identifier: str = response.json()["messages"][0]["id"]
    return identifier


async def next_request(requests: Requests) -> tuple[bytes, str]:
    """Wait for the next webhook: (raw body, signature)."""
    return await asyncio.wait_for(requests.get(), 10)


async def statuses(webhook_requests: Requests, amount: int) -> list[dict[str, Any]]:
    """Wait for so many statuses, checking the signature of each request over its raw bytes."""
    found: list[dict[str, Any]] = []
    while len(found) < amount:
        raw, signature = await next_request(webhook_requests)
        assert signature == "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        document = json.loads(raw)
        assert document["object"] == "whatsapp_business_account"
        change = document["entry"][0]["changes"][0]
        assert change["field"] == "messages"
        assert change["value"]["metadata"]["phone_number_id"] == PHONE_ID
        found += change["value"]["statuses"]
    return found


async def state(graph: httpx.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await graph.get("/_lab/state")).json()
    return document


async def test_statuses_follow_a_message(
    start_graph: StartGraph, webhook_requests: Requests, eventually: Eventually
) -> None:
    async with start_graph() as graph:
        identifier = await send(graph)
        received = {status["status"]: status for status in await statuses(webhook_requests, 3)}

        async def all_taken() -> bool:
            return bool((await state(graph))["statuses"] == {"delivered": 1, "read": 1, "sent": 1})

        await eventually(all_taken)
        record = (await graph.get("/_lab/messages")).json()["items"][0]

    assert set(received) == {"sent", "delivered", "read"}
    for status in received.values():
        assert status["id"] == identifier
        assert status["recipient_id"] == "51987654321"
        assert status["biz_opaque_callback_data"] == "notificación:7"
        assert status["timestamp"].isdecimal()
    pricing = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
    assert received["sent"]["pricing"] == received["delivered"]["pricing"] == pricing
    assert "pricing" not in received["read"]
    assert received["sent"]["conversation"]["origin"] == {"type": "utility"}
    assert sorted(record["statuses"]) == ["delivered", "read", "sent"]


async def test_due_statuses_share_a_request(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph(batch=50) as graph:
        await graph.post("/_lab/faults", json={"kind": "webhooks_off"})
        for _ in range(4):
            await send(graph)
        await graph.delete("/_lab/faults")
        raw, _ = await next_request(webhook_requests)

    assert len(json.loads(raw)["entry"][0]["changes"][0]["value"]["statuses"]) == 12


async def test_raw_bytes_hold_unicode_escapes(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await send(graph)
        raw, _ = await next_request(webhook_requests)

    assert b"notificaci\\u00f3n:7" in raw


async def test_newer_versions_omit_conversation(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await send(graph, version="v24.0")
        received = await statuses(webhook_requests, 3)

    assert all("conversation" not in status for status in received)


async def test_refused_webhooks_are_repeated(
    start_graph: StartGraph, webhook_requests: Requests, webhook_answers: list[int], eventually: Eventually
) -> None:
    webhook_answers += [500, 302, 404]
    async with start_graph() as graph:
        await send(graph)
        received = await statuses(webhook_requests, 6)

        async def nothing_pending() -> bool:
            return bool((await state(graph))["webhooks"]["pending"] == 0)

        await eventually(nothing_pending)
        webhooks = (await state(graph))["webhooks"]

    assert {status["status"] for status in received} == {"sent", "delivered", "read"}
    assert webhooks["requests_failed"] == 3
    assert webhooks["statuses_delivered"] == 3
    assert webhooks["last_failure"].startswith("HTTP ")


async def test_unreachable_receiver_leaves_statuses_pending(
    start_graph: StartGraph, eventually: Eventually
) -> None:
    async with start_graph(url="http://127.0.0.1:1/webhook") as graph:
        await send(graph)

        async def failed() -> bool:
            return bool((await state(graph))["webhooks"]["requests_failed"] >= 3)

        await eventually(failed)
        webhooks = (await state(graph))["webhooks"]

    assert webhooks["pending"] == 3
    assert webhooks["last_failure"] == "ConnectError"


async def test_webhooks_off_holds_them_back(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/faults", json={"kind": "webhooks_off"})
        await send(graph)
        held = (await state(graph))["webhooks"]["pending"]
        nothing_came = webhook_requests.empty()
        lifted = (await graph.delete("/_lab/faults?kind=webhooks_off")).json()
        received = await statuses(webhook_requests, 3)

    assert (held, nothing_came, lifted) == (3, True, {"lifted": 1})
    assert len(received) == 3


async def test_failed_status_carries_the_error(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/faults", json={"kind": "failed_status", "code": 131049, "count": 1})
        await send(graph)
        received = await statuses(webhook_requests, 1)

    assert received[0]["status"] == "failed"
    assert received[0]["errors"][0]["code"] == 131049
    assert received[0]["errors"][0]["error_data"]["details"]


async def test_free_text_fails_outside_the_window(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    body = {"messaging_product": "whatsapp", "to": "51987654321", "text": {"body": "hola"}}
    async with start_graph() as graph:
        response = await graph.post(f"/v23.0/{PHONE_ID}/messages", json=body)
        received = await statuses(webhook_requests, 1)

    assert response.status_code == 200
    assert received[0]["errors"][0]["code"] == 131047


async def test_injected_error_uses_up_its_count(start_graph: StartGraph) -> None:
    fault = {"kind": "error", "code": 131000, "http_status": 503, "count": 2, "details": "try later"}
    async with start_graph() as graph:
        added = await graph.post("/_lab/faults", json=fault)
        answers = [await graph.post(f"/v23.0/{PHONE_ID}/messages", json=BODY) for _ in range(3)]

    assert added.status_code == 201
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json()["error"]["code"] == 131000
    assert answers[0].json()["error"]["error_data"]["details"] == "try later"


@pytest.mark.parametrize("accepted", [True, False])
async def test_dropped_connections_are_ambiguous(
    start_graph: StartGraph, webhook_requests: Requests, accepted: bool
) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/faults", json={"kind": "drop", "count": 1, "accepted": accepted})
        with pytest.raises(httpx.TransportError):
            await graph.post(f"/v23.0/{PHONE_ID}/messages", json=BODY)
        total = (await graph.get("/_lab/messages")).json()["total"]
        if accepted:
            received = await statuses(webhook_requests, 3)
            assert received[0]["biz_opaque_callback_data"] == "notificación:7"

    assert total == int(accepted)


async def test_hang_holds_the_answer(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/faults", json={"kind": "hang", "seconds": 1, "count": 1})
        with pytest.raises(httpx.ReadTimeout):
            await graph.post(f"/v23.0/{PHONE_ID}/messages", json=BODY, timeout=0.2)
        await graph.post("/_lab/faults", json={"kind": "hang", "seconds": 0.01, "count": 1})
        answered = await graph.post(f"/v23.0/{PHONE_ID}/messages", json=BODY)
        total = (await graph.get("/_lab/messages")).json()["total"]

    assert answered.status_code == 200
    assert total == 2


async def test_expired_authentication(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/faults", json={"kind": "auth_expired"})
        refused = await graph.get(f"/v23.0/{PHONE_ID}")
        await graph.delete("/_lab/faults")
        accepted = await graph.get(f"/v23.0/{PHONE_ID}")

    assert refused.status_code == 401
    assert (refused.json()["error"]["code"], refused.json()["error"]["error_subcode"]) == (190, 463)
    assert accepted.status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "meteor"},
        {"kind": "error"},
        {"kind": "hang"},
        {"kind": "hang", "seconds": -1},
        {"kind": "error", "code": 1, "probability": 2},
        {"kind": "error", "code": True},
        {"kind": "error", "code": 1, "count": 0},
        {"kind": "error", "code": 1, "http_status": 200},
        {"kind": "drop", "accepted": "yes"},
        {"kind": "drop", "colour": "red"},
        [],
    ],
)
async def test_impossible_faults_are_refused(start_graph: StartGraph, fault: object) -> None:
    async with start_graph() as graph:
        response = await graph.post("/_lab/faults", json=fault)
        listed = (await graph.get("/_lab/faults")).json()

    assert response.status_code == 400
    assert response.json()["error"]
    assert listed == {"items": [], "total": 0}


async def test_handshake_is_tried(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        right = (await graph.post("/_lab/handshake")).json()
        wrong = (await graph.post("/_lab/handshake?verify_token=wrong")).json()

    assert right == {"ok": True, "http_status": 200, "challenge_returned": True, "failure": None}
    assert (wrong["ok"], wrong["http_status"]) == (False, 403)


async def test_state_counts_while_messages_flow(start_graph: StartGraph, eventually: Eventually) -> None:
    async with start_graph(batch=50) as graph:
        await asyncio.gather(*(send(graph, to=f"5190000{index:04d}") for index in range(40)))

        async def all_taken() -> bool:
            return bool((await state(graph))["webhooks"]["statuses_delivered"] == 120)

        await eventually(all_taken)
        document = await state(graph)

    assert document["accepted"] == 40
    assert document["webhooks"]["pending"] == 0
    assert document["statuses"] == {"delivered": 40, "read": 40, "sent": 40}


async def test_webhooks_and_drops_work_over_tls(
    serve: Callable[..., AbstractAsyncContextManager[str]],
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.cert))  # stands for the system's trust store
    endpoint = Endpoint(tls_cert=certificate.cert, tls_key=certificate.key)
    requests: Requests = asyncio.Queue()

    async def receive(request: Request) -> Response:
        await requests.put((await request.body(), request.headers["X-Hub-Signature-256"]))
        return Response()

    receiver = Starlette(routes=[Route("/webhook", receive, methods=["POST"])])
    async with serve(receiver, endpoint) as receiver_url:
        webhook = WebhookTarget(receiver_url + "/webhook", SECRET)
        settings = GraphSettings(access_token=TOKEN, number=NUMBER, webhook=webhook, timings=AT_ONCE)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            serve(build_app(GraphSimulator(settings)), endpoint) as base_url,
            httpx.AsyncClient(
                base_url=base_url, headers=headers, verify=ssl.create_default_context(), trust_env=False
            ) as graph,
        ):
            await graph.post("/_lab/faults", json={"kind": "drop", "count": 1})
            with pytest.raises(httpx.TransportError):
                await graph.post(f"/v23.0/{PHONE_ID}/messages", json=BODY)
            received = await statuses(requests, 3)

    assert {status["status"] for status in received} == {"sent", "delivered", "read"}
