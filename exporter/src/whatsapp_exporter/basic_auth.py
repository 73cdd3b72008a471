"""HTTP basic authentication against bcrypt hashes, as an ASGI middleware."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import string
from collections.abc import Callable, Mapping

import bcrypt
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from whatsapp_exporter.check_queue import CheckQueue, QueueFullError

MAX_HEADER_BYTES = 1_000
MAX_PASSWORD_BYTES = 72  # bcrypt reads no more
_BCRYPT_ALPHABET = "./" + string.ascii_letters + string.digits

_Check = tuple[str, bytes, bytes | None]


class PasswordVerifier:
    """Checks a user's password.

    bcrypt runs in a thread, one at a time. A password that was right is remembered as a digest keyed by a
    secret of this process (one for each user), so that the next scrapes cost no bcrypt and wait for nobody;
    a wrong one is never remembered. A user that does not exist costs the same as a wrong password.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._key = secrets.token_bytes(32)
        self._queue = CheckQueue()
        self._running: dict[_Check, asyncio.Task[bool]] = {}
        self._users: Mapping[str, str] = {}
        self._hashes: dict[str, bytes] = {}
        self._accepted: dict[str, bytes] = {}
        self._nobody = b""
        self.replace_users(users)

    def replace_users(self, users: Mapping[str, str]) -> None:
        """Let these users in from now on (name: bcrypt hash). When they changed, nothing stays remembered."""
        if users == self._users and self._nobody:
            return
        self._users = dict(users)
        self._hashes = {user: value.encode("ascii") for user, value in users.items()}
        self._accepted = {}
        cost = max((int(value.split("$")[2]) for value in users.values()), default=4)
        self._nobody = _hash_of_nothing(cost)

    async def verify(self, user: str, password: bytes, client: str = "") -> bool:
        """Return whether the password is the user's. `client`: where the request came from.

        Raises QueueFullError when too many passwords are being checked.
        """
        if len(password) > MAX_PASSWORD_BYTES or b"\0" in password:
            return False
        digest = hmac.digest(self._key, password, hashlib.sha256)
        remembered = self._accepted.get(user)
        if remembered is not None and hmac.compare_digest(remembered, digest):
            return True
        expected = self._hashes.get(user)
        # Scrapes that come at the same time with the same password are one check.
        check = (user, digest, expected)
        task = self._running.get(check)
        if task is None:
            self._queue.enter(client)
            task = asyncio.create_task(self._compare(password, expected, client), name="password")
            self._running[check] = task
            task.add_done_callback(lambda _: self._running.pop(check))
        if not await asyncio.shield(task):
            return False
        if self._hashes.get(user) == expected:
            self._accepted[user] = digest
        return True

    async def _compare(self, password: bytes, expected: bytes | None, client: str) -> bool:
        async with self._queue.turn(client):
            right = await asyncio.to_thread(bcrypt.checkpw, password, expected or self._nobody)
        return right and expected is not None


class BasicAuthMiddleware:
    """Answers 401 to every HTTP request without a right user and password.

    `users` gives those that are in force (none: everybody is let in); without it they are the verifier's.
    """

    def __init__(
        self,
        app: ASGIApp,
        verifier: PasswordVerifier,
        users: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._users = users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it is allowed."""
        refusal = await self._refusal(scope) if scope["type"] == "http" else None
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        if self._users is not None:
            users = self._users()
            self._verifier.replace_users(users)
            if not users:
                return None
        address = scope.get("client") or ("",)
        try:
            if await self._allowed(Headers(scope=scope), address[0]):
                return None
        except QueueFullError:
            return PlainTextResponse(
                "too many passwords are being checked\n",
                status_code=503,
                headers={"Retry-After": "1", "Connection": "close"},
            )
        # Who guesses passwords shall not hold connections either.
        return PlainTextResponse(
            "Unauthorized\n",
            status_code=401,
            headers={
                "WWW-Authenticate": 'Basic realm="whatsapp-exporter", charset="UTF-8"',
                "Connection": "close",
            },
        )

    async def _allowed(self, headers: Headers, client: str) -> bool:
        header = headers.get("authorization", "")
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic" or len(header) > MAX_HEADER_BYTES:
            return False
        try:
            user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
            name = user.decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return False
        return bool(colon) and await self._verifier.verify(name, password, client)


def _hash_of_nothing(cost: int) -> bytes:
    """Return what looks like a hash of that cost, made without the work of one; no password fits it."""
    digest = "".join(secrets.choice(_BCRYPT_ALPHABET) for _ in range(31))
    return bcrypt.gensalt(rounds=cost) + digest.encode("ascii")
