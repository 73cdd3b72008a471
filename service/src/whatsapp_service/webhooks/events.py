"""What a webhook body says about messages (Meta: Cloud API, webhooks, `messages` field, `statuses`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from whatsapp_service.estados import STATUS_TARGET, Estado
from whatsapp_service.graph.redaction import redact

_MAX_NOTIFICATION_ID: Final = 2**63 - 1


class UnreadableEventError(Exception):
    """The body is not a webhook of Meta's; it is kept as it came."""


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """One status of one message; `notification_id` is our correlation id when Meta echoed it."""

    message_id: str
    target: Estado
    occurred_at: datetime
    notification_id: int | None
    error_code: int | None = None
    error_text: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """The statuses of a body, and how many of its items could not be read."""

    statuses: tuple[StatusUpdate, ...]
    unreadable: int


def parse_event(body: bytes) -> ParsedEvent:
    """Read a body; an item that cannot be read never hides the others. Raises UnreadableEventError."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableEventError("not JSON") from error
    if not isinstance(document, dict):
        raise UnreadableEventError("not an object")
    statuses: list[StatusUpdate] = []
    unreadable = 0
    for item in _status_items(document):
        status = _parse_status(item)
        if status is None:
            unreadable += 1
        else:
            statuses.append(status)
    return ParsedEvent(tuple(statuses), unreadable)


def _status_items(document: dict[str, Any]) -> Iterator[object]:
    for entry in _dicts(document.get("entry")):
        for change in _dicts(entry.get("changes")):
            value = change.get("value")
            if isinstance(value, dict) and isinstance(value.get("statuses"), list):
                yield from value["statuses"]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _parse_status(item: object) -> StatusUpdate | None:
    if not isinstance(item, dict):
        return None
    message_id, status = item.get("id"), item.get("status")
    target = STATUS_TARGET.get(status) if isinstance(status, str) else None
    if not isinstance(message_id, str) or not message_id or len(message_id) > 512 or target is None:
        return None
    try:
        occurred_at = datetime.fromtimestamp(int(item.get("timestamp", "")), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    errors = _dicts(item.get("errors"))
    code = errors[0].get("code") if errors else None
    title = errors[0].get("title") or errors[0].get("message") if errors else None
    return StatusUpdate(
        message_id=message_id,
        target=target,
        occurred_at=occurred_at,
        notification_id=_correlation(item.get("biz_opaque_callback_data")),
        error_code=code if isinstance(code, int) else None,
        error_text=redact(str(title)) if title else None,
    )


def _correlation(value: object) -> int | None:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 19:
        return None
    number = int(value)
    return number if 0 < number <= _MAX_NOTIFICATION_ID else None
