"""What the Graph simulator accepts and refuses."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import httpx
import pytest
from starlette.types import ASGIApp
from whatsapp_world.clock import Clock
from whatsapp_world.graph.accepted import AcceptedMessage
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.templates import Template, TemplateList
from whatsapp_world.graph.token_bucket import PAIR_BURST
from whatsapp_world.graph.webhook_payload import BusinessNumber

TOKEN = "EAAG-lab-token"
PHONE_ID = "106540352242922"
NUMBER = BusinessNumber("102290129340398", PHONE_ID, "+51 1 700 0000", "Valorizaciones")
TEMPLATES = TemplateList(
    [
        Template("pago_realizado", "es", "utility", "Hola {{1}}: se pagó {{2}}.", ("1", "2")),
        Template("saludo", "es", "marketing", "Hola {{nombre}}.", ("nombre",)),
    ]
)
BEARER = {"Authorization": f"Bearer {TOKEN}"}


Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]


class MovableClock(Clock, Protocol):
    def advance(self, seconds: float) -> None: ...


def message(**changes: object) -> dict[str, Any]:
    """A valid template message, with top-level members replaced; None removes one."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+51 987-654-321",
        "type": "template",
        "template": template(),
        "biz_opaque_callback_data": "notificacion:7",
    }
    body.update(changes)
    return {key: value for key, value in body.items() if value is not None}


def accepted(identifier: str, callback_data: str | None = None) -> AcceptedMessage:
    return AcceptedMessage(
        id=identifier,
        accepted_at=0.0,
        kind="template",
        recipient="51987654321",
        template="pago_realizado",
        language="es",
        category="utility",
        parameters=(),
        callback_data=callback_data,
        api_version=23,
    )


def template(
    name: str = "pago_realizado", code: str = "es", texts: list[Any] | None = None
) -> dict[str, Any]:
    parameters = [{"type": "text", "text": text} for text in (["Rosa", "S/ 10"] if texts is None else texts)]
    return {
        "name": name,
        "language": {"code": code},
        "components": [{"type": "body", "parameters": parameters}],
    }


@pytest.fixture
def simulator(clock: MovableClock) -> GraphSimulator:
    settings = GraphSettings(access_token=TOKEN, number=NUMBER, templates=TEMPLATES, seed=1)
    return GraphSimulator(settings, clock=clock)


@pytest.fixture
async def graph(serve: Serve, simulator: GraphSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve(build_app(simulator)) as url,
        httpx.AsyncClient(base_url=url, headers=BEARER, trust_env=False) as http,
    ):
        yield http


async def send(graph: httpx.AsyncClient, **changes: object) -> httpx.Response:
    return await graph.post(f"/v23.0/{PHONE_ID}/messages", json=message(**changes))


async def test_accepts_a_template_message_as_meta_does(graph: httpx.AsyncClient) -> None:
    response = await send(graph)

    answer = response.json()
    assert response.status_code == 200
    assert answer["messaging_product"] == "whatsapp"
    assert answer["contacts"] == [{"input": "+51 987-654-321", "wa_id": "51987654321"}]
    assert answer["messages"][0]["id"].startswith("wamid.")


async def test_remembers_messages_with_masked_numbers(graph: httpx.AsyncClient) -> None:
    sent = (await send(graph)).json()["messages"][0]["id"]

    page = (await graph.get("/_lab/messages")).json()
    assert page["total"] == 1
    assert page["items"][0]["id"] == sent
    assert page["items"][0]["to"] == "*********21"
    assert page["items"][0]["received_at"] == "2025-01-23T14:30:00.000Z"
    assert page["items"][0]["biz_opaque_callback_data"] == "notificacion:7"
    assert page["items"][0]["parameters"] == ["Rosa", "S/ 10"]


async def test_named_parameters_are_matched_by_name(graph: httpx.AsyncClient) -> None:
    content = template("saludo", texts=["Rosa"])
    refused = await send(graph, template=content)
    content["components"][0]["parameters"][0]["parameter_name"] = "nombre"
    accepted = await send(graph, template=content)

    assert refused.json()["error"]["code"] == 100
    assert accepted.status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"messaging_product": None}, 100),
        ({"messaging_product": "telegram"}, 100),
        ({"recipient_type": "group"}, 100),
        ({"to": None}, 100),
        ({"to": "nobody"}, 131009),
        ({"to": "5117000000"}, 131021),
        ({"type": "pigeon"}, 100),
        ({"type": "image", "template": None}, 131051),
        ({"template": None}, 131008),
        ({"template": []}, 100),
        ({"surprise": 1}, 100),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"template": template("unknown")}, 132001),
        ({"template": template(code="fr")}, 132001),
        ({"template": template(texts=["Rosa"])}, 132000),
        ({"template": template(texts=["Rosa", ""])}, 131008),
        ({"template": template(texts=["Rosa", "two\nlines"])}, 132018),
        ({"template": template(texts=["Rosa", "x" * 1100])}, 132005),
        ({"template": {"language": {"code": "es"}}}, 131008),
        ({"template": {"name": "pago_realizado"}}, 131008),
        ({"template": template() | {"language": {"code": "es", "policy": "fallback"}}}, 100),
        ({"template": template() | {"components": [{"type": "footer"}]}}, 131009),
        ({"template": template() | {"components": [7]}}, 100),
    ],
)
async def test_refuses_what_meta_refuses(
    graph: httpx.AsyncClient, changes: dict[str, Any], code: int
) -> None:
    response = await send(graph, **changes)

    error = response.json()["error"]
    assert 400 <= response.status_code < 500
    assert error["code"] == code
    assert error["message"].startswith(f"(#{code})")
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"]
    assert (await graph.get("/_lab/state")).json()["refused"] == {str(code): 1}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
async def test_refuses_bodies_that_are_no_objects(graph: httpx.AsyncClient, content: bytes) -> None:
    response = await graph.post(f"/v23.0/{PHONE_ID}/messages", content=content)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == 100


async def test_refuses_huge_bodies(graph: httpx.AsyncClient) -> None:
    response = await graph.post(f"/v23.0/{PHONE_ID}/messages", content=b" " * (256 * 1024 + 1))

    assert response.status_code == 413


@pytest.mark.parametrize(
    ("authorization", "code"), [("", 104), ("Basic abc", 104), ("Bearer", 104), ("Bearer wrong", 190)]
)
async def test_checks_the_token(graph: httpx.AsyncClient, authorization: str, code: int) -> None:
    for method, path in (
        ("POST", f"/v23.0/{PHONE_ID}/messages"),
        ("GET", f"/v23.0/{PHONE_ID}"),
        ("GET", "/v23.0/me"),
    ):
        response = await graph.request(method, path, json=message(), headers={"Authorization": authorization})

        assert response.status_code == 401
        assert response.json()["error"]["code"] == code
        assert "WWW-Authenticate" in response.headers


async def test_unknown_number_and_version(graph: httpx.AsyncClient) -> None:
    number = await graph.post("/v23.0/1234/messages", json=message())
    read = await graph.get("/v23.0/1234")
    version = await graph.post(f"/latest/{PHONE_ID}/messages", json=message())

    assert (number.status_code, number.json()["error"]["code"]) == (400, 100)
    assert number.json()["error"]["error_subcode"] == 33
    assert (read.status_code, read.json()["error"]["code"]) == (404, 803)
    assert (version.status_code, version.json()["error"]["code"]) == (400, 100)


async def test_throughput_is_limited_to_eighty_a_second(
    graph: httpx.AsyncClient, clock: MovableClock
) -> None:
    answers = [await send(graph, to=f"5190000{index:04d}") for index in range(81)]
    clock.advance(1 / 80)
    later = await send(graph)

    assert [answer.status_code for answer in answers[:80]] == [200] * 80
    assert answers[80].json()["error"]["code"] == 130429
    assert answers[80].status_code == 429
    assert later.status_code == 200


async def test_pairs_are_limited_after_a_burst(graph: httpx.AsyncClient, clock: MovableClock) -> None:
    codes = [(await send(graph)).status_code for _ in range(PAIR_BURST)]
    refused = await send(graph)
    elsewhere = await send(graph, to="51911111111")
    clock.advance(6)
    later = await send(graph)

    assert set(codes) == {200}
    assert refused.json()["error"]["code"] == 131056
    assert (elsewhere.status_code, later.status_code) == (200, 200)


async def test_phone_number_fields(graph: httpx.AsyncClient) -> None:
    default = (await graph.get(f"/v23.0/{PHONE_ID}")).json()
    old = (await graph.get(f"/v23.0/{PHONE_ID}?fields=messaging_limit_tier,status")).json()
    new = (await graph.get(f"/v24.0/{PHONE_ID}?fields=whatsapp_business_manager_messaging_limit")).json()
    unknown = await graph.get(f"/v23.0/{PHONE_ID}?fields=shoe_size")

    assert default == {
        "id": PHONE_ID,
        "display_phone_number": "+51 1 700 0000",
        "verified_name": "Valorizaciones",
        "quality_rating": "GREEN",
    }
    assert old == {"messaging_limit_tier": "TIER_2K", "status": "CONNECTED", "id": PHONE_ID}
    assert new["whatsapp_business_manager_messaging_limit"] == "TIER_2K"
    assert unknown.json()["error"]["code"] == 100


async def test_token_is_described(graph: httpx.AsyncClient) -> None:
    ours = (await graph.get("/debug_token", params={"input_token": TOKEN})).json()["data"]
    other = (await graph.get("/v23.0/debug_token", params={"input_token": "other"})).json()["data"]
    missing = await graph.get("/debug_token")
    me = (await graph.get("/v23.0/me")).json()

    assert (ours["is_valid"], ours["expires_at"]) == (True, 0)
    assert "whatsapp_business_messaging" in ours["scopes"]
    assert other["is_valid"] is False
    assert missing.json()["error"]["code"] == 100
    assert set(me) == {"id", "name"}


async def test_memory_is_bounded_and_can_be_emptied(
    graph: httpx.AsyncClient, simulator: GraphSimulator
) -> None:
    for index in range(simulator.messages.capacity + 10):
        simulator.messages.add(accepted(str(index)))

    page = (await graph.get("/_lab/messages?limit=9999")).json()
    emptied = await graph.delete("/_lab/messages")

    assert (len(page["items"]), page["total"]) == (5_000, 5_010)
    assert page["items"][-1]["id"] == "5009"
    assert emptied.status_code == 204
    assert (await graph.get("/_lab/messages")).json() == {"items": [], "total": 0}
