"""Basic authentication over HTTP."""

import asyncio
import base64
import math
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import bcrypt
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_exporter.basic_auth import BasicAuthMiddleware, PasswordVerifier
from whatsapp_exporter.check_queue import MAX_CHECKS, MAX_CHECKS_OF_A_CLIENT, CheckQueue, QueueFullError

from .exporter_server import WebFile, running

PASSWORD = "corrección"
USERS = {"prometheus": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}


async def secret(_request: Request) -> Response:
    """What is protected."""
    return PlainTextResponse("secret")


@pytest.fixture
async def address(serve: Callable[[ASGIApp], Awaitable[str]]) -> str:
    """Address of a protected page."""
    app = Starlette(routes=[Route("/", secret)])
    return await serve(BasicAuthMiddleware(app, PasswordVerifier(USERS)))


def basic(text: bytes) -> str:
    """The header's value."""
    return f"Basic {base64.b64encode(text).decode()}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic",
        "Basic ***",
        "Bearer token",
        basic(b"prometheus"),
        basic(b"prometheus:"),
        basic(b"prometheus:wrong"),
        basic(b"nobody:" + PASSWORD.encode()),
        basic(b"\xff\xfe:x"),
        basic(b"prometheus:" + b"x" * 100),
        basic(b"prometheus:a\0b"),
        basic(b"prometheus:" + b"x" * 5_000),
    ],
)
async def test_refused(address: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(address, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic realm=")
    assert response.headers["connection"] == "close"
    assert "secret" not in response.text


async def test_right_password_is_let_in_again_and_again(address: str) -> None:
    headers = {"Authorization": basic(b"prometheus:" + PASSWORD.encode())}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        answers = [(await client.get(address)).text for _ in range(3)]
    assert answers == ["secret"] * 3


async def test_wrong_password_after_the_right_one_is_refused() -> None:
    verifier = PasswordVerifier(USERS)
    assert await verifier.verify("prometheus", PASSWORD.encode())
    assert not await verifier.verify("prometheus", b"wrong")
    assert not await verifier.verify("nobody", PASSWORD.encode())
    assert await verifier.verify("prometheus", PASSWORD.encode())


async def test_replaced_users_take_effect_and_nothing_stays_remembered() -> None:
    verifier = PasswordVerifier(USERS)
    assert await verifier.verify("prometheus", PASSWORD.encode())
    other = {"prometheus": bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()}
    verifier.replace_users(other)
    assert not await verifier.verify("prometheus", PASSWORD.encode())
    assert await verifier.verify("prometheus", b"other")
    verifier.replace_users({})
    assert not await verifier.verify("prometheus", b"other")


async def test_password_replaced_while_it_is_checked_is_not_remembered() -> None:
    slow = {"prometheus": bcrypt.hashpw(b"old", bcrypt.gensalt(11)).decode()}
    verifier = PasswordVerifier(slow)
    check = asyncio.create_task(verifier.verify("prometheus", b"old"))
    await asyncio.sleep(0)
    verifier.replace_users(USERS)
    assert await check  # it began before
    assert not await verifier.verify("prometheus", b"old")


async def test_user_that_does_not_exist_costs_the_same() -> None:
    verifier = PasswordVerifier({"prometheus": bcrypt.hashpw(b"right", bcrypt.gensalt(8)).decode()})
    least = dict.fromkeys(("prometheus", "nobody"), math.inf)
    for number in range(12):
        for user in least:
            began = time.process_time()
            assert not await verifier.verify(user, f"wrong {number}".encode())
            least[user] = min(least[user], time.process_time() - began)
    assert least["nobody"] == pytest.approx(least["prometheus"], rel=0.5)


async def test_renewed_users_over_http(tmp_path: Path) -> None:
    web = WebFile(tmp_path / "web.yml", {"basic_auth_users": USERS})
    other = {"ana": bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()}
    with running(web.watcher) as exporter:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{exporter.port}", trust_env=False) as client:

            async def codes() -> list[int]:
                return [
                    (await client.get("/", headers={"Authorization": basic(text)})).status_code
                    for text in (b"prometheus:" + PASSWORD.encode(), b"ana:other")
                ]

            assert await codes() == [200, 401]
            web.change({"basic_auth_users": other})
            assert await codes() == [401, 200]
            web.change({"basic_auth_users": {"ana": "other"}})
            assert await codes() == [401, 200]
            web.change({})
            assert await codes() == [200, 200]


def test_queue_is_bounded_for_a_client_and_for_all() -> None:
    queue = CheckQueue()
    for number in range(MAX_CHECKS):
        queue.enter(f"client {number // MAX_CHECKS_OF_A_CLIENT}")
    with pytest.raises(QueueFullError):
        queue.enter("another")
    queue = CheckQueue()
    for _ in range(MAX_CHECKS_OF_A_CLIENT):
        queue.enter("one")
    with pytest.raises(QueueFullError):
        queue.enter("one")
    queue.enter("another")


async def test_places_are_given_back() -> None:
    queue = CheckQueue()
    for _ in range(3 * MAX_CHECKS):
        queue.enter("one")
        async with queue.turn("one"):
            pass
    for _ in range(MAX_CHECKS_OF_A_CLIENT):
        queue.enter("one")
    with pytest.raises(QueueFullError):
        queue.enter("one")
