"""Versions, nodes, limits and the state of number, account, templates and token."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx
import pytest
from whatsapp_world.clock import Clock
from whatsapp_world.graph.templates import TemplateList

StartGraph = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
PHONE, ACCOUNT = "106540352242922", "102290129340398"
MESSAGE = {
    "messaging_product": "whatsapp",
    "to": "51987654321",
    "type": "template",
    "template": {"name": "aviso", "language": {"code": "es"}},
}


class MovableClock(Clock, Protocol):
    moment: datetime

    def advance(self, seconds: float) -> None: ...


@pytest.fixture
def today(clock: MovableClock) -> MovableClock:
    """The day on which v18.0 to v20.0 are gone."""
    clock.moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return clock


async def send(graph: httpx.AsyncClient, version: str = "v23.0", **changes: Any) -> httpx.Response:  # noqa: ANN401
    return await graph.post(f"/{version}/{PHONE}/messages", json={**MESSAGE, **changes})


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_live_versions_answer_as_themselves(start_graph: StartGraph, today: MovableClock) -> None:
    async with start_graph(clock=today) as graph:
        found = {
            version: [
                (await send(graph, version)).headers["facebook-api-version"],
                (await graph.get(f"/{version}/{PHONE}")).headers["facebook-api-version"],
            ]
            for version in ("v21.0", "v23.0", "v26.0")
        }

    assert found == {version: [version, version] for version in found}


async def test_expired_versions_are_served_or_refused(start_graph: StartGraph, today: MovableClock) -> None:
    async with start_graph(clock=today) as graph:
        served = await send(graph, "v18.0")
        ancient = await send(graph, "v2.12")
        await graph.post("/_lab/versions", json={"expired": "refused"})
        refused = await send(graph, "v18.0")
        read = await graph.get(f"/v20.0/{PHONE}")
        table = (await graph.get("/_lab/versions")).json()

    assert (served.status_code, served.headers["facebook-api-version"]) == (200, "v21.0")
    assert ancient.headers["facebook-api-version"] == "v21.0"
    assert code(refused) == code(read) == (400, 2635)
    assert refused.json()["error"]["message"].endswith("Please update to the latest version: v26.0.")
    assert [item["version"] for item in table["items"] if not item["live"]] == ["v18.0", "v19.0", "v20.0"]


async def test_unknown_versions_are_taken_for_objects(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        unknown = await send(graph, "v99.0")
        minor = await send(graph, "v23.1")
        malformed = await send(graph, "23")

    assert code(unknown) == code(minor) == (400, 2500)
    assert unknown.json()["error"]["message"] == f"Unknown path components: /{PHONE}/messages"
    assert code(malformed) == (400, 100)


async def test_a_version_expires_while_the_simulator_runs(
    start_graph: StartGraph, today: MovableClock
) -> None:
    async with start_graph(clock=today, expired_versions="refused") as graph:
        changed = await graph.post("/_lab/versions", json={"expires": {"v23.0": "2026-11-25"}})
        before = await send(graph)
        today.advance(86_400)
        after = await send(graph)
        unknown = await graph.post("/_lab/versions", json={"expires": {"v99.0": None}})
        wrong = await graph.post("/_lab/versions", json={"expires": {"v23.0": "soon"}})

    assert changed.status_code == 200
    assert before.status_code == 200
    assert code(after) == (400, 2635)
    assert (unknown.status_code, wrong.status_code) == (400, 400)


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


@pytest.mark.parametrize(
    ("endpoint", "document", "expected"),
    [
        ("phone", {"status": "RESTRICTED"}, 131048),
        ("phone", {"status": "BANNED"}, 131031),
        ("phone", {"status": "PENDING"}, 133010),
        ("phone", {"status": "DELETED"}, 33),
        ("phone", {"name_status": "DECLINED"}, 131037),
        ("phone", {"quality_rating": "RED", "status": "FLAGGED"}, None),
        ("account", {"ban_state": "DISABLE"}, 131031),
        ("account", {"payment_ok": False}, 131042),
        ("account", {"restrictions": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}]}, 368),
        ("account", {"restrictions": [{"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}]}, None),
        ("templates", {"name": "aviso", "status": "PAUSED"}, 132015),
        ("templates", {"name": "aviso", "status": "DISABLED"}, 132016),
        ("templates", {"name": "aviso", "status": "REJECTED", "reason": "PROMOTIONAL"}, 132001),
        ("templates", {"name": "aviso", "status": "PENDING"}, 132001),
        ("templates", {"name": "aviso", "status": "FLAGGED"}, None),
        ("token", {"expires_in_seconds": -1}, 190),
        ("token", {"valid": False}, 190),
        ("token", {"scopes": ["whatsapp_business_management"]}, 200),
        ("token", {"scopes": ["whatsapp_business_messaging"]}, None),
    ],
)
async def test_sends_follow_from_the_state(
    start_graph: StartGraph,
    templates: TemplateList,
    endpoint: str,
    document: dict[str, Any],
    expected: int | None,
) -> None:
    async with start_graph(templates=templates) as graph:
        changed = await graph.post(f"/_lab/{endpoint}", json=document)
        answer = await send(graph)

    assert changed.status_code == 200
    assert answer.json().get("error", {}).get("code") == expected


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


async def test_reads_are_limited_an_hour(start_graph: StartGraph, clock: MovableClock) -> None:
    async with start_graph(clock=clock, reads_per_hour=5) as graph:
        answers = [await graph.get(f"/v23.0/{ACCOUNT}") for _ in range(6)]
        free = await graph.get("/v23.0/me")
        sent = await send(graph)
        clock.advance(3_601)
        later = await graph.get(f"/v23.0/{ACCOUNT}")

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    error = answers[5].json()["error"]
    assert (error["code"], error["error_subcode"], error["is_transient"]) == (80007, 2446079, True)
    usage = json.loads(answers[5].headers["X-Business-Use-Case-Usage"])[ACCOUNT][0]
    assert usage["type"] == "whatsapp_business_management"
    assert (usage["call_count"], usage["estimated_time_to_regain_access"]) == (100, 60)
    assert (free.status_code, sent.status_code, later.status_code) == (200, 200, 200)


async def test_metas_own_read_limits(start_graph: StartGraph) -> None:
    async with start_graph() as graph:
        registered = (await graph.get("/_lab/limits")).json()["reads_per_hour"]
        await graph.post("/_lab/phone", json={"status": "PENDING"})
        unregistered = (await graph.get("/_lab/limits")).json()["reads_per_hour"]
        statuses = [(await graph.get(f"/v23.0/{PHONE}")).status_code for _ in range(201)]
        await graph.post("/_lab/limits", json={"reads_per_hour": 0})
        unlimited = await graph.get(f"/v23.0/{PHONE}")

    assert (registered, unregistered) == (5_000, 200)
    assert statuses == [200] * 200 + [429]
    assert unlimited.status_code == 200


async def test_usage_headers_come_only_after_load(start_graph: StartGraph) -> None:
    async with start_graph(reads_per_hour=100) as graph:
        answers = [await graph.get(f"/v23.0/{PHONE}") for _ in range(11)]
        sent = await send(graph)
        await graph.post("/_lab/faults", json={"kind": "usage", "percent": 95})
        forced = await send(graph)

    with_header = ["X-App-Usage" in answer.headers for answer in answers]
    assert with_header == [False] * 9 + [True] * 2
    assert json.loads(answers[10].headers["X-App-Usage"])["call_count"] == 11
    assert "X-App-Usage" not in sent.headers
    assert json.loads(forced.headers["X-App-Usage"])["call_count"] == 95


async def test_send_limits_can_be_lifted(start_graph: StartGraph, clock: MovableClock) -> None:
    async with start_graph(clock=clock) as graph:
        await graph.post("/_lab/limits", json={"messages_per_second": 0, "pair_seconds": 0})
        lifted = {(await send(graph)).status_code for _ in range(100)}
        await graph.post("/_lab/limits", json={"pair_seconds": 6, "pair_burst": 2})
        pair = [(await send(graph)).status_code for _ in range(3)]
        refused = await graph.post("/_lab/limits", json={"pair_burst": 0})

    assert lifted == {200}
    assert pair == [200, 200, 429]
    assert refused.status_code == 400


async def test_http_status_of_an_error_code_can_be_set(start_graph: StartGraph) -> None:
    fault = {"kind": "error", "code": 131056, "count": 2}
    async with start_graph(error_statuses={131056: 403}) as graph:
        await graph.post("/_lab/faults", json=fault)
        configured = await send(graph)
        await graph.post("/_lab/error-statuses", json={"131056": None, "190": 400})
        usual = await send(graph)
        table = (await graph.get("/_lab/error-statuses")).json()
        token = await graph.get(f"/v23.0/{PHONE}", headers={"Authorization": "Bearer other"})
        refused = [
            (await graph.post("/_lab/error-statuses", json=document)).status_code
            for document in ({"abc": 400}, {"190": 200})
        ]

    assert [code(configured), code(usual), code(token)] == [(403, 131056), (429, 131056), (400, 190)]
    assert table == {"190": 400}
    assert refused == [400, 400]


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
