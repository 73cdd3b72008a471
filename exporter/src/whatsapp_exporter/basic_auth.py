"""HTTP basic authentication against bcrypt hashes, as an ASGI middleware."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

import bcrypt
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_HEADER_BYTES = 1_000
MAX_PASSWORD_BYTES = 72  # bcrypt reads no more
MAX_CONCURRENT_CHECKS = 2  # a hash of cost 10 takes tens of milliseconds of processor time


class PasswordVerifier:
    """Checks a user's password.

    bcrypt runs in a thread. A password that was right is remembered as a digest keyed by a secret of
    this process, so that the next scrapes cost no bcrypt; a wrong one is never remembered. A user that
    does not exist costs the same as a wrong password.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._hashes = {user: value.encode("ascii") for user, value in users.items()}
        self._key = secrets.token_bytes(32)
        self._accepted: dict[str, bytes] = {}
        self._checks = asyncio.Semaphore(MAX_CONCURRENT_CHECKS)
        cost = max((int(value.split("$")[2]) for value in users.values()), default=4)
        self._nobody = bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt(rounds=cost))

    async def verify(self, user: str, password: bytes) -> bool:
        """Return whether the password is the user's."""
        if len(password) > MAX_PASSWORD_BYTES or b"\0" in password:
            return False
        digest = hmac.digest(self._key, password, hashlib.sha256)
        remembered = self._accepted.get(user)
        if remembered is not None and hmac.compare_digest(remembered, digest):
            return True
        expected = self._hashes.get(user)
        async with self._checks:
            right = await asyncio.to_thread(bcrypt.checkpw, password, expected or self._nobody)
        if expected is None or not right:
            return False
        self._accepted[user] = digest
        return True


class BasicAuthMiddleware:
    """Answers 401 to every HTTP request without a right user and password."""

    def __init__(self, app: ASGIApp, verifier: PasswordVerifier) -> None:
        self._app = app
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it is allowed."""
        if scope["type"] == "http" and not await self._allowed(Headers(scope=scope)):
            response = PlainTextResponse(
                "Unauthorized\n",
                status_code=401,
                headers={"WWW-Authenticate": 'Basic realm="whatsapp-exporter", charset="UTF-8"'},
            )
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _allowed(self, headers: Headers) -> bool:
        header = headers.get("authorization", "")
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic" or len(header) > MAX_HEADER_BYTES:
            return False
        try:
            user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
            name = user.decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return False
        return bool(colon) and await self._verifier.verify(name, password)
