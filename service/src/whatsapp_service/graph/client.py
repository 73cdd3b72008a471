"""Sending through the Graph API."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from whatsapp_service.graph.errors import ErrorClass, SendError, classify
from whatsapp_service.graph.messages import TemplateMessage
from whatsapp_service.graph.redaction import redact
from whatsapp_service.settings import Settings

_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_MAX_BODY: Final = 256 * 1024
_MAX_CONNECTIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Accepted:
    """Meta's answer to a send: the message id under which webhooks will speak of it."""

    message_id: str


class GraphClient:
    """Sends template messages for one phone number; owns its HTTP connections."""

    def __init__(self, settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Raises SettingsError without WHATSAPP_ACCESS_TOKEN_FILE or WHATSAPP_PHONE_NUMBER_ID."""
        settings.require("whatsapp_access_token", "whatsapp_phone_number_id")
        token = settings.whatsapp_access_token
        self.connections = min(settings.scheduler_workers * settings.batch_size, _MAX_CONNECTIONS)
        """Requests at once; who asks for more waits for a connection."""
        self._phone_path = f"/{settings.whatsapp_api_version}/{settings.whatsapp_phone_number_id}"
        self._messages_path = f"{self._phone_path}/messages"
        self._http = httpx.AsyncClient(
            base_url=settings.whatsapp_api_url,
            headers={"Authorization": f"Bearer {token.get_secret_value() if token else ''}"},
            timeout=settings.whatsapp_timeout,
            limits=httpx.Limits(
                max_connections=self.connections + 1,  # one for the probe
                max_keepalive_connections=self.connections + 1,
                keepalive_expiry=60,
            ),
            transport=transport,
            verify=ssl.create_default_context(),  # the system's store, where operators put their own CAs
        )

    async def send(self, message: TemplateMessage) -> Accepted:
        """Send once. Raises SendError, whose class says whether the message can have left."""
        response = await self._request("POST", self._messages_path, orjson.dumps(message.body()))
        body = _parse(response)
        if response.is_success:
            return _accepted(body)
        raise _refused(response.status_code, body)

    async def probe(self) -> None:
        """Ask whether the phone number may send, the cheapest call with a valid token. Raises SendError.

        Source: Meta, "Messaging health status"; an answer without it counts as good.
        """
        response = await self._request("GET", f"{self._phone_path}?fields=id,health_status")
        body = _parse(response)
        if not response.is_success:
            raise _refused(response.status_code, body)
        blocked = _blocked(body)
        if blocked is not None:
            raise blocked

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _request(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        headers = None if body is None else {"Content-Type": "application/json"}
        try:
            return await self._http.request(method, path, content=body, headers=headers)
        except _NOT_SENT as error:
            raise SendError(ErrorClass.NETWORK, f"no connection: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            raise SendError(
                ErrorClass.UNKNOWN_OUTCOME, f"no answer after sending: {type(error).__name__}"
            ) from error


def _parse(response: httpx.Response) -> dict[str, Any]:
    if len(response.content) > _MAX_BODY:
        return {}
    try:
        parsed = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _accepted(body: dict[str, Any]) -> Accepted:
    messages = body.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[0], dict):
        message_id = messages[0].get("id")
        if isinstance(message_id, str) and message_id:
            return Accepted(message_id)
    raise SendError(ErrorClass.UNKNOWN_OUTCOME, "the answer names no message")


def _blocked(body: dict[str, Any]) -> SendError | None:
    health = body.get("health_status")
    if not isinstance(health, dict) or health.get("can_send_message") != "BLOCKED":
        return None
    for entity in health.get("entities") or ():
        errors = entity.get("errors") if isinstance(entity, dict) else None
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, dict) and isinstance(error.get("error_code"), int):
                text = redact(str(error.get("error_description", "blocked")))
                return SendError(ErrorClass.SENDER_BLOCKED, text, error["error_code"])
    return SendError(ErrorClass.SENDER_BLOCKED, "Meta says that this number cannot send messages")


def _refused(http_status: int, body: dict[str, Any]) -> SendError:
    error = body.get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        code: int = error["code"]
        return SendError(classify(code, http_status), redact(str(error.get("message", ""))), code)
    if http_status == httpx.codes.TOO_MANY_REQUESTS:
        return SendError(ErrorClass.THROTTLED, "HTTP 429 without Meta's error")
    if http_status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return SendError(ErrorClass.AUTH, f"HTTP {http_status} without Meta's error")
    if http_status == httpx.codes.SERVICE_UNAVAILABLE:
        return SendError(ErrorClass.TRANSIENT, "HTTP 503 without Meta's error")
    if http_status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return SendError(ErrorClass.UNKNOWN_OUTCOME, f"HTTP {http_status} without Meta's error")
    return SendError(ErrorClass.OTHER, f"HTTP {http_status} without Meta's error")
