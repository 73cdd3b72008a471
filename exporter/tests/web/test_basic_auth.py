"""Basic authentication over HTTP."""

import base64
from collections.abc import Awaitable, Callable

import bcrypt
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_exporter.basic_auth import BasicAuthMiddleware, PasswordVerifier

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
