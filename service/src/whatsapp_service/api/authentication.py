"""API keys: the `X-API-Key` header against the SHA-256 digests of API_KEYS_FILE."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from starlette.requests import Request

from whatsapp_service.api.errors import ApiError
from whatsapp_service.settings import ApiKey, Scope


class Authenticator:
    """Knows the keys' digests; every comparison takes the same time."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = tuple(keys)

    def require(self, request: Request, *scopes: Scope) -> str:
        """The name of the caller, who needs one of the scopes. Raises ApiError 401 or 403."""
        given = request.headers.get("x-api-key", "")
        digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).hexdigest()
        found: ApiKey | None = None
        for key in self._keys:
            if hmac.compare_digest(digest, key.sha256):
                found = key
        if found is None:
            raise ApiError(401, "unauthorized", "a valid X-API-Key header is required")
        if not found.scopes.intersection(scopes):
            raise ApiError(403, "forbidden", f"this key lacks the scope {' or '.join(scopes)}")
        return found.name
