"""What can be read of number, account, templates, token and applications: what operators set."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

import httpx
from whatsapp_world.clock import Clock
from whatsapp_world.graph.templates import TemplateList

StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
PHONE, ACCOUNT = "106540352242922", "102290129340398"


class MovableClock(Clock, Protocol):
    moment: datetime

    def advance(self, seconds: float) -> None: ...


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_phone_number_says_what_operators_set(start_graph: StartGraph) -> None:
    wanted = {
        "quality_rating": "RED",
        "status": "FLAGGED",
        "name_status": "PENDING_REVIEW",
        "code_verification_status": "EXPIRED",
        "messaging_limit": "TIER_10K",
        "throughput": "HIGH",
        "callback_overrides": {"phone_number": "https://other/webhook"},
    }
    fields = "quality_rating,status,name_status,code_verification_status,throughput,webhook_configuration"
    async with start_graph() as graph:
        changed = await graph.post("/_lab/phone", json=wanted)
        old = (await graph.get(f"/v23.0/{PHONE}?fields={fields},messaging_limit_tier")).json()
        new = (await graph.get(f"/v24.0/{PHONE}?fields=whatsapp_business_manager_messaging_limit")).json()
        too_new = await graph.get(f"/v23.0/{PHONE}?fields=whatsapp_business_manager_messaging_limit")
        too_old = await graph.get(f"/v24.0/{PHONE}?fields=messaging_limit_tier")
        limits = (await graph.get("/_lab/limits")).json()

    assert changed.status_code == 200
    assert old.pop("webhook_configuration")["phone_number"] == "https://other/webhook"
    assert old == {
        "quality_rating": "RED",
        "status": "FLAGGED",
        "name_status": "PENDING_REVIEW",
        "code_verification_status": "EXPIRED",
        "throughput": {"level": "HIGH"},
        "messaging_limit_tier": "TIER_10K",
        "id": PHONE,
    }
    assert new["whatsapp_business_manager_messaging_limit"] == "TIER_10K"
    assert code(too_new) == code(too_old) == (400, 100)
    assert limits["messages_per_second"] == 1_000


async def test_values_that_meta_may_add_can_be_set(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        await graph.post("/_lab/phone", json={"quality_rating": "ULTRAVIOLET"})
        read = (await graph.get(f"/v23.0/{PHONE}?fields=quality_rating")).json()
        wrong: list[object] = [
            {"quality_rating": "red"},
            {"status": 7},
            {"shoe_size": "L"},
            {"shape": "round"},
            [],
        ]
        refused = [(await graph.post("/_lab/phone", json=document)).status_code for document in wrong]

    assert read["quality_rating"] == "ULTRAVIOLET"
    assert refused == [400] * 5


async def test_callback_of_the_app_is_the_webhooks_url(start_graph: StartGraph, webhook_url: str) -> None:
    async with start_graph() as graph:
        read = (await graph.get(f"/v23.0/{PHONE}?fields=webhook_configuration")).json()
        await graph.post("/_lab/phone", json={"application_callback": "https://wrong/webhook"})
        wrong = (await graph.get(f"/v23.0/{PHONE}?fields=webhook_configuration")).json()

    assert read["webhook_configuration"] == {"application": webhook_url}
    assert wrong["webhook_configuration"] == {"application": "https://wrong/webhook"}


async def test_health_follows_from_the_state(start_graph: StartGraph, templates: TemplateList) -> None:
    async with start_graph(templates=templates) as graph:
        template = (await graph.get(f"/v23.0/{ACCOUNT}/message_templates?name=aviso")).json()["data"][0]["id"]

        async def health(node: str) -> dict[str, Any]:
            status: dict[str, Any] = (await graph.get(f"/v23.0/{node}?fields=health_status")).json()[
                "health_status"
            ]
            return status

        good = await health(PHONE)
        await graph.post("/_lab/phone", json={"quality_rating": "RED"})
        limited = await health(PHONE)
        await graph.post("/_lab/templates", json={"name": "aviso", "status": "PENDING"})
        pending = await health(template)
        await graph.post("/_lab/account", json={"payment_ok": False})
        unpaid = await health(ACCOUNT)
        await graph.post(
            "/_lab/health",
            json={"entity_type": "APP", "can_send_message": "LIMITED", "additional_info": ["Slow."]},
        )
        overridden = await health(PHONE)
        await graph.post("/_lab/health", json={"entity_type": "APP", "can_send_message": None})
        lifted = await health(PHONE)

    assert good["can_send_message"] == "AVAILABLE"
    assert [entity["entity_type"] for entity in good["entities"]] == [
        "PHONE_NUMBER",
        "WABA",
        "BUSINESS",
        "APP",
    ]
    assert limited["can_send_message"] == "LIMITED"
    assert limited["entities"][0]["additional_info"]
    assert pending["entities"][0]["entity_type"] == "MESSAGE_TEMPLATE"
    assert pending["entities"][0]["errors"][0]["error_code"] == 141002
    assert unpaid["can_send_message"] == "BLOCKED"
    assert set(unpaid["entities"][0]["errors"][0]) == {"error_code", "error_description", "possible_solution"}
    assert overridden["entities"][-1]["additional_info"] == ["Slow."]
    assert lifted["entities"][-1]["can_send_message"] == "AVAILABLE"


async def test_token_is_described_as_it_is_set(start_graph: StartGraph, clock: MovableClock) -> None:
    now = int(clock.now().timestamp())
    async with start_graph(clock=clock) as graph:
        token = graph.headers["Authorization"].removeprefix("Bearer ")

        async def described() -> dict[str, Any]:
            answer = await graph.get("/debug_token", params={"input_token": token})
            data: dict[str, Any] = answer.json().get("data", {"error": answer.json().get("error")})
            return data

        never = await described()
        await graph.post("/_lab/token", json={"expires_in_seconds": 3_600, "data_access_expires_at": now + 9})
        soon = await described()
        clock.advance(3_600)
        expired = await described()
        shown = (await graph.get("/_lab/token")).json()

    assert (never["expires_at"], never["data_access_expires_at"], never["is_valid"]) == (0, 0, True)
    assert (soon["expires_at"], soon["data_access_expires_at"]) == (now + 3_600, now + 9)
    assert (expired["error"]["code"], expired["error"]["error_subcode"]) == (190, 463)
    assert "secret" not in json.dumps(shown)
    assert shown["expires_at"] == now + 3_600


async def test_templates_are_listed_in_pages(start_graph: StartGraph, templates: TemplateList) -> None:
    url = f"/v23.0/{ACCOUNT}/message_templates"
    async with start_graph(templates=templates) as graph:
        everything = (await graph.get(url)).json()
        first = (await graph.get(f"{url}?limit=2&fields=name,status")).json()
        second = (await graph.get(first["paging"]["next"])).json()
        back = (await graph.get(second["paging"]["previous"])).json()
        by_status = (await graph.get(f"{url}?status=PAUSED")).json()
        wrong = [await graph.get(f"{url}?{query}") for query in ("limit=0", "after=nonsense", "limit=x")]
        nobody = await graph.get("/v23.0/1/message_templates")

    names = [template["name"] for template in everything["data"]]
    assert names == ["pago_realizado", "saludo", "aviso"]
    assert "next" not in everything["paging"]
    assert [sorted(template) for template in first["data"]] == [["id", "name", "status"]] * 2
    assert [template["name"] for template in second["data"]] == ["aviso"]
    assert "next" not in second["paging"]
    assert back["data"] == first["data"]
    assert by_status == {"data": []}
    assert [code(answer) for answer in wrong] == [(400, 100)] * 3
    assert code(nobody) == (404, 803)


async def test_a_template_node_says_what_became_of_it(
    start_graph: StartGraph, templates: TemplateList
) -> None:
    change = {"name": "pago_realizado", "quality": "RED", "category": "MARKETING", "status": "FLAGGED"}
    async with start_graph(templates=templates) as graph:
        changed = (await graph.post("/_lab/templates", json=change)).json()
        node = (
            await graph.get(
                f"/v23.0/{changed['id']}?fields=name,status,category,previous_category,quality_score,components"
            )
        ).json()
        unknown = await graph.post("/_lab/templates", json={"name": "nadie", "status": "PAUSED"})

    assert node == {
        "name": "pago_realizado",
        "status": "FLAGGED",
        "category": "MARKETING",
        "previous_category": "UTILITY",
        "quality_score": {"score": "RED"},
        "components": [
            {
                "type": "BODY",
                "text": "Hola {{1}}: se pagó {{2}}.",
                "example": {"body_text": [["<1>", "<2>"]]},
            }
        ],
        "id": changed["id"],
    }
    assert unknown.status_code == 400


async def test_applications_are_subscribed_and_not(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        path = f"/v23.0/{ACCOUNT}/subscribed_apps"
        before = (await graph.get(path)).json()["data"]
        await graph.post("/_lab/account", json={"subscribed_apps": ["1"]})
        other = (await graph.get(path)).json()["data"]
        await graph.post("/_lab/account", json={"subscribed_apps": []})
        none = (await graph.get(path)).json()["data"]

    assert [entry["whatsapp_business_api_data"]["id"] for entry in before] == ["634974688087057"]
    assert [entry["whatsapp_business_api_data"]["id"] for entry in other] == ["1"]
    assert none == []
