"""Webhooks of every field: asked for by operators, or because of what they change."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

import httpx
import pytest
from whatsapp_world.clock import Clock
from whatsapp_world.graph.events import EVENT_KINDS
from whatsapp_world.graph.templates import TemplateList

StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Requests = asyncio.Queue[tuple[bytes, str]]
Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
SECRET = b"app-secret"
PHONE, ACCOUNT = "106540352242922", "102290129340398"
AVISO = {"message_template_name": "aviso", "message_template_language": "es"}


class MovableClock(Clock, Protocol):
    moment: datetime

    def advance(self, seconds: float) -> None: ...


def signed(raw: bytes) -> str:
    return "sha256=" + hmac.new(SECRET, raw, hashlib.sha256).hexdigest()


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


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"field": "message_template_status_update", "name": "aviso"},
            {"event": "APPROVED", "reason": "NONE", "message_template_category": "UTILITY", **AVISO},
        ),
        (
            {
                "field": "message_template_status_update",
                "name": "aviso",
                "event": "REJECTED",
                "reason": "INVALID_FORMAT",
            },
            {"event": "REJECTED", "reason": "INVALID_FORMAT", **AVISO},
        ),
        (
            {"field": "message_template_quality_update", "name": "aviso", "new": "RED"},
            {"previous_quality_score": "GREEN", "new_quality_score": "RED", **AVISO},
        ),
        (
            {"field": "template_category_update", "name": "aviso"},
            {"previous_category": "UTILITY", "new_category": "MARKETING", **AVISO},
        ),
        (
            {"field": "template_category_update", "name": "aviso", "announced": True},
            {"correct_category": "MARKETING", "new_category": "UTILITY", **AVISO},
        ),
        (
            {"field": "phone_number_quality_update", "event": "ONBOARDING", "limit": "TIER_250"},
            {"event": "ONBOARDING", "max_daily_conversations_per_business": "TIER_250"},
        ),
        (
            {"field": "phone_number_quality_update", "shape": "old", "old_limit": "TIER_2K"},
            {"event": "UPGRADE", "old_limit": "TIER_2K", "current_limit": "TIER_10K"},
        ),
        (
            {
                "field": "phone_number_name_update",
                "decision": "REJECTED",
                "rejection_reason": "NAME_TOO_LONG",
            },
            {
                "decision": "REJECTED",
                "rejection_reason": "NAME_TOO_LONG",
                "display_phone_number": "5117000000",
            },
        ),
        (
            {"field": "business_capability_update"},
            {"max_daily_conversations_per_business": "TIER_2K", "max_phone_numbers_per_waba": 25},
        ),
        (
            {"field": "business_capability_update", "shape": "integer"},
            {"max_daily_conversations_per_business": 2_000},
        ),
        (
            {"field": "business_capability_update", "limit": "TIER_250", "shape": "old"},
            {"max_daily_conversation_per_phone": 250, "max_phone_numbers_per_business": 2},
        ),
        (
            {
                "field": "account_update",
                "event": "ACCOUNT_RESTRICTION",
                "expiration": "2026-12-01T00:00:00+0000",
            },
            {
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [
                    {
                        "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                        "expiration": "2026-12-01T00:00:00+0000",
                    }
                ],
            },
        ),
        (
            {"field": "account_update", "violation_type": "ADULT"},
            {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ADULT"}},
        ),
        (
            {"field": "account_update", "event": "DISABLED_UPDATE", "ban_state": "SCHEDULE_FOR_DISABLE"},
            {
                "event": "DISABLED_UPDATE",
                "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE", "waba_ban_date": "January 23, 2025"},
            },
        ),
        ({"field": "account_update", "event": "ACCOUNT_DELETED"}, {"event": "ACCOUNT_DELETED"}),
        (
            {"field": "account_alerts", "severity": "WARNING"},
            {"entity_type": "BUSINESS", "entity_id": "506914307656634"},
        ),
        ({"field": "security"}, {"event": "PIN_RESET_REQUEST", "requester": "61555822107539"}),
        ({"field": "security", "event": "PIN_CHANGED"}, {"event": "PIN_CHANGED"}),
        (
            {"field": "messages", "from": "51900000001", "name": "Rosa", "text": "¿Cuándo?"},
            {"contacts": [{"profile": {"name": "Rosa"}, "wa_id": "51900000001"}]},
        ),
    ],
)
async def test_events_of_every_field(
    start_graph: StartGraph,
    webhook_requests: Requests,
    clock: MovableClock,
    templates: TemplateList,
    document: dict[str, object],
    expected: dict[str, object],
) -> None:
    async with start_graph(clock=clock, templates=templates) as graph:
        answer = await graph.post("/_lab/events", json=document)
        ((field, value),) = await changes(webhook_requests, 1)

    assert answer.status_code == 202
    assert field == document["field"]
    assert value | expected == value
    assert set(answer.json()["value"]) == set(value)


async def test_every_event_has_a_sample_of_its_own(
    start_graph: StartGraph, webhook_requests: Requests, templates: TemplateList
) -> None:
    async with start_graph(templates=templates) as graph:
        for field, kind in EVENT_KINDS.items():
            named = {"name": "aviso"} if "language" in kind.members else {}
            answer = await graph.post("/_lab/events", json={"field": field, **named})
            assert answer.status_code == 202, (field, answer.text)
        found = await changes(webhook_requests, len(EVENT_KINDS))

    assert [field for field, _ in found] == sorted(EVENT_KINDS)


async def test_writing_to_the_business_opens_the_window(
    start_graph: StartGraph, webhook_requests: Requests
) -> None:
    text = {"messaging_product": "whatsapp", "to": "51900000001", "text": {"body": "hola"}}
    async with start_graph() as graph:
        await graph.post("/_lab/events", json={"field": "messages", "from": "51900000001"})
        await changes(webhook_requests, 1)
        await graph.post(f"/v23.0/{PHONE}/messages", json=text)
        found = await changes(webhook_requests, 3)

    assert sorted(value["statuses"][0]["status"] for _, value in found) == ["delivered", "read", "sent"]


async def test_changes_of_the_number_are_told(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/phone", json={"messaging_limit": "TIER_10K", "throughput": "HIGH"})
        upgraded = await changes(webhook_requests, 3)
        await graph.post("/_lab/phone", json={"messaging_limit": "TIER_250", "shape": "old"})
        downgraded = await changes(webhook_requests, 2)
        await graph.post("/_lab/phone", json={"name_status": "DECLINED", "verified_name": "Otra"})
        ((name_field, name),) = await changes(webhook_requests, 1)
        await graph.post("/_lab/phone", json={"status": "RESTRICTED"})
        ((_, restricted),) = await changes(webhook_requests, 1)
        await graph.post("/_lab/phone", json={"status": "BANNED"})
        ((_, banned),) = await changes(webhook_requests, 1)
        # Quality is not told any more: it has to be polled. Nor is what does not change.
        await graph.post("/_lab/phone", json={"quality_rating": "RED", "status": "BANNED"})
        await graph.post("/_lab/phone", json={"messaging_limit": "TIER_2K", "webhook": False})
        await graph.post("/_lab/events", json={"field": "security"})
        ((next_field, _),) = await changes(webhook_requests, 1)

    assert [field for field, _ in upgraded] == [
        "business_capability_update",
        "phone_number_quality_update",
        "phone_number_quality_update",
    ]
    assert {value.get("event") for _, value in upgraded} == {None, "UPGRADE", "THROUGHPUT_UPGRADE"}
    assert downgraded[1][1] == {
        "display_phone_number": "5117000000",
        "event": "DOWNGRADE",
        "old_limit": "TIER_10K",
        "current_limit": "TIER_250",
    }
    assert (name_field, name["decision"]) == ("phone_number_name_update", "REJECTED")
    assert name["requested_verified_name"] == "Otra"
    assert restricted["restriction_info"][0]["restriction_type"] == "RESTRICTED_BIZ_INITIATED_MESSAGING"
    assert banned["ban_info"]["waba_ban_state"] == "DISABLE"
    assert next_field == "security"


async def test_changes_of_the_account_are_told(start_graph: StartGraph, webhook_requests: Requests) -> None:
    async with start_graph() as graph:
        document = {
            "ban_state": "SCHEDULE_FOR_DISABLE",
            "restrictions": [{"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}],
            "violation_type": "SCAM",
        }
        await graph.post("/_lab/account", json=document)
        found = await changes(webhook_requests, 3)
        read = (await graph.get(f"/v23.0/{ACCOUNT}?fields=health_status")).json()

    assert {value["event"] for _, value in found} == {
        "DISABLED_UPDATE",
        "ACCOUNT_RESTRICTION",
        "ACCOUNT_VIOLATION",
    }
    assert read["health_status"]["can_send_message"] == "LIMITED"


async def test_templates_pause_resume_and_are_disabled(
    start_graph: StartGraph,
    webhook_requests: Requests,
    clock: MovableClock,
    templates: TemplateList,
    eventually: Eventually,
) -> None:
    events: list[tuple[str, str | None]] = []
    async with start_graph(clock=clock, templates=templates) as graph:

        async def paused_for(hours: float) -> None:
            await graph.post("/_lab/templates", json={"name": "aviso", "status": "PAUSED"})
            clock.advance(hours * 3_600)

            async def resumed() -> bool:
                (item,) = [
                    item
                    for item in (await graph.get("/_lab/templates")).json()["items"]
                    if item["name"] == "aviso"
                ]
                return bool(item["status"] == "APPROVED")

            await eventually(resumed)
            for _, value in await changes(webhook_requests, 2):
                events.append((value["event"], value["other_info"]["title"]))

        await paused_for(3)
        await paused_for(6)
        await graph.post("/_lab/templates", json={"name": "aviso", "status": "PAUSED"})
        ((_, disabled),) = await changes(webhook_requests, 1)

    assert sorted(events) == [
        ("PAUSED", "FIRST_PAUSE"),
        ("PAUSED", "SECOND_PAUSE"),
        ("REINSTATED", "UNPAUSE"),
        ("REINSTATED", "UNPAUSE"),
    ]
    assert disabled["event"] == "DISABLED"
    assert disabled["disable_info"]["disable_date"] > 0


async def test_changes_of_a_template_are_told(
    start_graph: StartGraph, webhook_requests: Requests, templates: TemplateList
) -> None:
    change = {
        "name": "aviso",
        "status": "PAUSED",
        "title": "RATE_LIMITING_PAUSE",
        "quality": "YELLOW",
        "category": "MARKETING",
        "announce_category": "MARKETING",
    }
    async with start_graph(templates=templates) as graph:
        await graph.post("/_lab/templates", json=change)
        found = await changes(webhook_requests, 4)

    assert [field for field, _ in found] == [
        "message_template_quality_update",
        "message_template_status_update",
        "template_category_update",
        "template_category_update",
    ]
    assert found[1][1]["other_info"]["title"] == "RATE_LIMITING_PAUSE"
    assert {value.get("previous_category") for _, value in found[2:]} == {None, "UTILITY"}
