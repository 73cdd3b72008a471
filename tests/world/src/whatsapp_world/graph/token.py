"""The access token: whether a call may be made with it, and what ``debug_token`` says of it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from whatsapp_world.graph.business import APP_ID, APP_NAME
from whatsapp_world.graph.errors import GraphError, expired_token, invalid_token, missing_token

MANAGEMENT: Final = "whatsapp_business_management"
MESSAGING: Final = "whatsapp_business_messaging"
_MISSING_PERMISSION_SUBCODE: Final = 1349176


@dataclass
class AccessToken:
    """The one token that is accepted. Times in epoch seconds; 0 means never, as Meta writes it."""

    secret: str
    issued_at: int
    expires_at: int = 0
    data_access_expires_at: int = 0
    valid: bool = True
    scopes: list[str] = field(default_factory=lambda: [MANAGEMENT, MESSAGING])

    def __post_init__(self) -> None:
        # What nearly every call sends: compared as a whole, without taking it apart.
        self._usual_header = f"Bearer {self.secret}".encode()

    def authorize(self, authorization: bytes | None, *, now: float, scope: str | None) -> None:
        """Check the Authorization header of a call that needs ``scope``.

        Raises GraphError 104 without one, 190 for another token or one revoked, 190 with subcode 463 for an
        expired one, 200 when the token lacks the permission.
        """
        if authorization is None or not hmac.compare_digest(authorization, self._usual_header):
            kind, _, token = (authorization or b"").partition(b" ")
            if kind.lower() != b"bearer" or not token.strip():
                raise missing_token()
            if not self._is(token.strip()):
                raise invalid_token()
        if not self.valid:
            raise GraphError(
                190,
                subcode=460,
                message="Error validating access token: The session has been invalidated",
            )
        if self.expired(now):
            raise expired_token()
        if scope is not None and scope not in self.scopes:
            raise GraphError(
                200,
                subcode=_MISSING_PERMISSION_SUBCODE,
                message=f"Requires {MESSAGING} or {MANAGEMENT} permission",
            )

    def expired(self, now: float) -> bool:
        """Whether its time is over."""
        return 0 < self.expires_at <= now

    def description(self, inspected: str, *, now: float, usable: bool, account_id: str) -> dict[str, object]:
        """Return debug_token's ``data`` for some token; ``usable`` False makes ours invalid all the same."""
        if not self._is(inspected.encode()):
            error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
            return {"error": error, "is_valid": False, "scopes": []}
        return {
            "app_id": APP_ID,
            "type": "SYSTEM_USER",
            "application": APP_NAME,
            "is_valid": usable and self.valid and not self.expired(now),
            "expires_at": self.expires_at,
            "data_access_expires_at": self.data_access_expires_at,
            "issued_at": self.issued_at,
            "scopes": list(self.scopes),
            "granular_scopes": [{"scope": scope, "target_ids": [account_id]} for scope in self.scopes],
        }

    def document(self) -> dict[str, object]:
        """Return what may be shown, for ``/_lab/token``."""
        return {
            "expires_at": self.expires_at,
            "data_access_expires_at": self.data_access_expires_at,
            "valid": self.valid,
            "scopes": list(self.scopes),
        }

    def _is(self, token: bytes) -> bool:
        return hmac.compare_digest(token, self.secret.encode())
