"""Reading what Meta posts: statuses of messages (field `messages`) and what else it tells of the account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from whatsapp_service.estados import STATUS_TARGET, Estado
from whatsapp_service.graph.correlation import Correlation, parse_correlation
from whatsapp_service.graph.redaction import redact
from whatsapp_service.webhooks.account import AccountEvent, read_account_event

_MESSAGES: Final = "messages"


class UnreadableEventError(Exception):
    """The body is not a webhook of Meta's; it is kept as it came."""


@dataclass(frozen=True, slots=True)
class Pricing:
    """What Meta charges: `category` and `type` are its words (utility, regular, free_entry_point, ...)."""

    billable: bool
    category: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """One status of one message; `correlation` is our own id when Meta echoed it."""

    message_id: str
    target: Estado
    occurred_at: datetime
    correlation: Correlation | None
    error_code: int | None = None
    error_text: str | None = None
    pricing: Pricing | None = None


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """The statuses and account events of a body, and how many of its items could not be read."""

    statuses: tuple[StatusUpdate, ...]
    account_events: tuple[AccountEvent, ...]
    unreadable: int


def parse_event(body: bytes, received_at: datetime) -> ParsedEvent:
    """Read a body; an item that cannot be read never hides the others. Raises UnreadableEventError."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableEventError("not JSON") from error
    if not isinstance(document, dict):
        raise UnreadableEventError("not an object")
    statuses: list[StatusUpdate] = []
    events: list[AccountEvent] = []
    unreadable = 0
    for entry, field, value in _changes(document):
        if field in {_MESSAGES, None}:
            for item in _list(value.get("statuses")):
                status = _read_status(item)
                if status is None:
                    unreadable += 1
                else:
                    statuses.append(status)
        else:
            events.append(read_account_event(entry, field, value, received_at))
    return ParsedEvent(tuple(statuses), tuple(events), unreadable)


def _changes(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None, dict[str, Any]]]:
    for entry in _dicts(document.get("entry")):
        for change in _dicts(entry.get("changes")):
            field, value = change.get("field"), change.get("value")
            if isinstance(value, dict):
                yield entry, field if isinstance(field, str) else None, value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _read_status(item: object) -> StatusUpdate | None:
    if not isinstance(item, dict):
        return None
    message_id, status = item.get("id"), item.get("status")
    target = STATUS_TARGET.get(status) if isinstance(status, str) else None
    if not isinstance(message_id, str) or not 0 < len(message_id) <= 512 or target is None:
        return None
    if not message_id.isprintable():
        return None
    try:
        occurred_at = datetime.fromtimestamp(int(item.get("timestamp", "")), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    errors = _dicts(item.get("errors")) if target is Estado.ERROR else []
    code = errors[0].get("code") if errors else None
    title = errors[0].get("title") or errors[0].get("message") if errors else None
    return StatusUpdate(
        message_id=message_id,
        target=target,
        occurred_at=occurred_at,
        correlation=parse_correlation(item.get("biz_opaque_callback_data")),
        error_code=code if isinstance(code, int) and abs(code) < 2**31 else None,
        error_text=redact(str(title)) if title else None,
        pricing=_read_pricing(item.get("pricing")),
    )


def _read_pricing(value: object) -> Pricing | None:
    """Both shapes: per message since July 2025 (`type`), per conversation before (no `type`)."""
    if not isinstance(value, dict) or not isinstance(value.get("billable"), bool):
        return None
    return Pricing(value["billable"], _word(value.get("category")), _word(value.get("type")))


def _word(value: object) -> str | None:
    return value[:40] if isinstance(value, str) and value.isprintable() else None
