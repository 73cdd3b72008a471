"""The signature of a webhook: HMAC-SHA256 of the raw bytes with the app secret (Meta)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_PREFIX: Final = "sha256="


def is_genuine(body: bytes, header: str | None, app_secret: str) -> bool:
    """Whether `X-Hub-Signature-256` fits the bytes as received; compared in constant time."""
    if header is None or not header.startswith(_PREFIX):
        return False
    expected = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.removeprefix(_PREFIX).encode())
