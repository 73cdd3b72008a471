"""Trying the webhook as Meta would, and as Meta never would: handshakes and statuses, right and wrong.

Source: Meta, "Webhooks: getting started" (verification requests and ``X-Hub-Signature-256``).
"""

import hashlib
import hmac
import secrets
import ssl
from dataclasses import dataclass
from datetime import datetime

import httpx
import orjson

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class WebhookStep:
    """One request: which (`name` is a text's key), the HTTP status, and whether that is right."""

    name: str
    status: int
    passed: bool


def check_webhook(
    url: str, *, verify_token: str, app_secret: str, now: datetime, tls: ssl.SSLContext
) -> list[WebhookStep]:
    """Send the four requests; the status names a message that nobody sent, so it changes nothing.

    Raises:
        httpx.HTTPError, httpx.InvalidURL: the webhook cannot be reached.
    """
    challenge = secrets.token_hex(8)
    asked = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge}
    body = _status_body(now)
    signature = "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json"}
    with httpx.Client(verify=tls, timeout=_TIMEOUT_SECONDS) as client:
        handshake = client.get(url, params=asked)
        wrong_token = client.get(url, params={**asked, "hub.verify_token": secrets.token_hex(16)})
        signed = client.post(url, content=body, headers={**headers, "X-Hub-Signature-256": signature})
        unsigned = client.post(url, content=body, headers=headers)
    return [
        WebhookStep(
            "webhook_handshake", handshake.status_code, handshake.is_success and handshake.text == challenge
        ),
        WebhookStep("webhook_wrong_token", wrong_token.status_code, wrong_token.is_client_error),
        WebhookStep("webhook_signed", signed.status_code, signed.status_code == httpx.codes.OK),
        WebhookStep("webhook_unsigned", unsigned.status_code, unsigned.is_client_error),
    ]


def _status_body(now: datetime) -> bytes:
    status = {
        "id": f"wamid.test.{secrets.token_hex(8)}",
        "status": "delivered",
        "timestamp": str(int(now.timestamp())),
        "recipient_id": "0",
    }
    value = {"messaging_product": "whatsapp", "statuses": [status]}
    changes = [{"field": "messages", "value": value}]
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": changes}]})
