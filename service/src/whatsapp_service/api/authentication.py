"""API keys: the `X-API-Key` header against API_KEYS_FILE and the keys issued in the database."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from libsql_client import Client
from starlette.requests import Request

from whatsapp_service import keys
from whatsapp_service.api.errors import ApiError
from whatsapp_service.json_logging import log_event, user_id
from whatsapp_service.settings import ApiKey, Scope

logger = logging.getLogger("whatsapp.api")

REMEMBERED_SECONDS: Final = 5.0
"""How long a key is believed before its row is read again, and so the longest that a revoked one works."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    key: keys.IssuedKey
    until: float


class Authenticator:
    """Knows the file's keys and asks the database for issued ones, whose rows it remembers for five seconds.

    Only keys that exist are remembered; an unknown one costs one lookup in an index each time.
    """

    def __init__(
        self,
        provisioned: Sequence[ApiKey],
        database: Client,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provisioned = tuple(provisioned)
        self._names = frozenset(key.name for key in provisioned)
        self._database = database
        self._monotonic = monotonic
        self._remembered: dict[str, _Remembered] = {}

    async def require(self, request: Request, *scopes: Scope) -> str:
        """The name of the caller, who needs one of the scopes.

        Raises ApiError 401 or 403, DatabaseError when an issued key cannot be looked up.
        """
        name, allowed = await self._identify(request.headers.get("x-api-key", ""))
        user_id.set(name)
        if not allowed.intersection(scopes):
            raise ApiError(403, "forbidden", f"this key lacks the scope {' or '.join(scopes)}")
        return name

    async def _identify(self, text: str) -> tuple[str, frozenset[Scope]]:
        digest = keys.digest(text)
        found: ApiKey | None = None
        for key in self._provisioned:  # all of them, so that the time does not tell which one it was
            if hmac.compare_digest(digest, key.sha256):
                found = key
        if found is not None:
            return found.name, found.scopes
        issued = await self._issued(text)
        if issued is None:
            raise ApiError(401, "unauthorized", "a valid X-API-Key header is required")
        return issued.name, issued.scopes

    async def _issued(self, text: str) -> keys.IssuedKey | None:
        prefix = keys.prefix_of(text)
        if prefix is None:
            return None
        remembered = self._remembered.get(prefix)
        if remembered is not None and self._monotonic() < remembered.until:
            key: keys.IssuedKey | None = remembered.key
        else:
            asked_at = self._monotonic()
            key = await keys.find_working(self._database, prefix)
            if key is None:
                self._remembered.pop(prefix, None)
            else:
                self._remembered[prefix] = _Remembered(key, asked_at + REMEMBERED_SECONDS)
        if key is None or not key.matches(text):
            return None
        if key.name in self._names:
            log_event(logger, logging.WARNING, "Issued API key has the name of one in the file", key=key.name)
            return None
        return key
