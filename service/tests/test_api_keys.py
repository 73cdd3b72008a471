"""API keys issued in the database: scopes, revocation within seconds, and what unknown ones cost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from libsql_client import Client, ResultSet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_service import keys
from whatsapp_service.api.application import create_app
from whatsapp_service.api.authentication import REMEMBERED_SECONDS, Authenticator
from whatsapp_service.api.errors import ApiError
from whatsapp_service.json_logging import user_id
from whatsapp_service.settings import Settings

Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]
NOW = datetime(2025, 1, 23, 8, 0, 0, tzinfo=UTC)


class CountingClient:
    """Passes queries on and counts them."""

    def __init__(self, inner: Client) -> None:
        self._inner = inner
        self.queries = 0

    async def execute(self, *arguments: Any) -> ResultSet:  # noqa: ANN401 - as the client's
        self.queries += 1
        return await self._inner.execute(*arguments)


class Watch:
    """A monotonic clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def _request(key: str) -> Request:
    return Request({"type": "http", "headers": [(b"x-api-key", key.encode())]})


async def _status(authenticator: Authenticator, key: str) -> int:
    try:
        await authenticator.require(_request(key), "read")
    except ApiError as error:
        return error.status
    return 200


async def test_issued_keys_open_what_their_scopes_allow(api: httpx.AsyncClient, database: Client) -> None:
    reader = await keys.issue(database, "reader", {"read"}, NOW)

    listing = await api.get("/api/notifications", headers={"X-API-Key": reader})
    waking = await api.post("/api/notifications/process-pending", headers={"X-API-Key": reader})
    altered = await api.get("/api/notifications", headers={"X-API-Key": reader[:-1] + "-"})

    assert (listing.status_code, waking.status_code, altered.status_code) == (200, 403, 401)


async def test_the_caller_s_name_is_in_the_log(
    api: httpx.AsyncClient, database: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key = await keys.issue(database, "billing", {"read"}, NOW)
    names: list[str | None] = []

    class Names(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "Request served":
                names.append(user_id.get())

    handler = Names()
    logging.getLogger("whatsapp.api").addHandler(handler)
    try:
        await api.get("/api/notifications", headers={"X-API-Key": key})
        await api.get("/api/notifications", headers={"X-API-Key": "nonsense"})
        await api.get("/api/notifications", headers={"X-API-Key": "monitoring"})
    finally:
        logging.getLogger("whatsapp.api").removeHandler(handler)

    assert names == ["billing", None, "monitoring"]


async def test_a_revoked_key_works_five_seconds_at_most(settings: Settings, database: Client) -> None:
    watch = Watch()
    authenticator = Authenticator(settings.api_keys, database, monotonic=watch)
    key = await keys.issue(database, "billing", {"read"}, NOW)
    assert await _status(authenticator, key) == 200

    await keys.revoke(database, "billing", NOW)

    watch.seconds += REMEMBERED_SECONDS
    assert await _status(authenticator, key) == 401
    renewed = await keys.issue(database, "billing", {"read"}, NOW)
    assert [await _status(authenticator, one) for one in (key, renewed)] == [401, 200]


async def test_a_known_key_is_asked_for_once_in_five_seconds_and_an_unknown_one_each_time(
    settings: Settings, database: Client
) -> None:
    counting, watch = CountingClient(database), Watch()
    authenticator = Authenticator(settings.api_keys, counting, monotonic=watch)  # type: ignore[arg-type]  # only execute is used
    key = await keys.issue(database, "billing", {"read"}, NOW)
    for _ in range(10):
        assert await _status(authenticator, key) == 200
    assert counting.queries == 1

    for number in range(300):
        assert await _status(authenticator, f"wn_{number:012x}_{'x' * 43}") == 401
    assert counting.queries == 301
    assert len(authenticator._remembered) == 1  # a flood of unknown keys leaves nothing

    for nonsense in ("", "nonsense", "wn_short_x", "wn_" + "0" * 12 + "_" + "x" * 5000, "\udcff"):
        assert (
            await _status(authenticator, nonsense.encode("utf-8", "surrogateescape").decode("latin-1")) == 401
        )
    assert counting.queries == 301  # what cannot be a key is not asked for

    watch.seconds += REMEMBERED_SECONDS
    assert await _status(authenticator, key) == 200
    assert counting.queries == 302


async def test_a_wrong_secret_under_a_known_prefix_is_refused(settings: Settings, database: Client) -> None:
    authenticator = Authenticator(settings.api_keys, database)
    key = await keys.issue(database, "billing", {"read"}, NOW)
    guess = key[:16] + "x" * 43

    assert [await _status(authenticator, one) for one in (guess, key, guess)] == [401, 200, 401]


async def test_a_name_that_the_file_has_taken_since_no_longer_works(
    settings: Settings, database: Client
) -> None:
    key = await keys.issue(database, "all", {"read"}, NOW)

    assert await _status(Authenticator((), database), key) == 200
    assert await _status(Authenticator(settings.api_keys, database), key) == 401


async def test_keys_of_the_file_need_no_database(settings: Settings) -> None:
    async def me(request: Request) -> Response:
        return JSONResponse({"name": await authenticator.require(request, "read")})

    class Broken:
        async def execute(self, *_arguments: Any) -> ResultSet:  # noqa: ANN401 - as the client's
            raise AssertionError("the database was asked")

    authenticator = Authenticator(settings.api_keys, Broken())  # type: ignore[arg-type]  # only execute is used
    app = Starlette(routes=[Route("/me", me)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        assert (await client.get("/me", headers={"X-API-Key": "all"})).json() == {"name": "all"}


async def test_what_lists_show_lets_nobody_in(settings: Settings, database: Client, serve: Serve) -> None:
    key = await keys.issue(database, "billing", {"read"}, NOW)
    [stored] = await keys.list_keys(database)

    assert key not in repr(stored)
    assert stored.matches(key)
    async with (
        serve(create_app(settings, database=database)) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        for given in (stored.sha256, stored.prefix, f"wn_{stored.prefix}_{stored.sha256[:43]}"):
            answer = await client.get("/api/notifications", headers={"X-API-Key": given})
            assert answer.status_code == 401


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ñandú"])
async def test_names_are_words(database: Client, name: str) -> None:
    with pytest.raises(keys.KeyNameError, match="malformed"):
        await keys.issue(database, name, {"read"}, NOW)
