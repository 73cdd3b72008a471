"""Requests that ask the API for notifications."""

from __future__ import annotations

import json

from whatsapp_stack.http_connection import build_request
from whatsapp_stack.stack import Stack

PATH = "/api/notifications"


def create_request(stack: Stack, number: int, *, idempotency_key: str | None = None) -> bytes:
    """`POST /api/notifications` for one contact after the other."""
    recipient = stack.fixture.recipient(number)
    body = {
        "empresa_id": recipient.empresa_id,
        "contacto_id": recipient.contacto_id,
        "evento": stack.fixture.evento,
        "variables": stack.fixture.variables,
    }
    headers = {"X-API-Key": stack.api_key}
    if idempotency_key is not None:
        headers["Idempotency-Key"] = idempotency_key
    return build_request("POST", PATH, headers=headers, body=json.dumps(body).encode())
