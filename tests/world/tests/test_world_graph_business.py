"""Versions, limits and sends that follow from the state of number, account, templates and token."""

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
