"""Applying kept bodies: many at once, one commit for all, each item's trouble its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import orjson
from libsql_client import Client, InStatement
from whatsapp_database import PermanentDatabaseError, rows, timestamps

from whatsapp_service.graph.correlation import Correlation
from whatsapp_service.webhooks import inbox
from whatsapp_service.webhooks.account import statements_for_event
from whatsapp_service.webhooks.events import ParsedEvent, StatusUpdate, UnreadableEventError, parse_event
from whatsapp_service.webhooks.inbox import KeptEvent
from whatsapp_service.webhooks.updates import bad_number_statement, statements_for

_CHUNK: Final = 100
"""Statuses in one transaction: a body of 1,000 must not hold the only writer for long."""


@dataclass(slots=True)
class Applied:
    """What bodies did: statuses with news, repeated ones, ids that stay unknown, items that cannot be read.

    `postponed` statuses wait for a second look; `account_events` counts by Meta's field; `lags` are the times
    from a status at Meta to the receipt of its webhook; `failed` bodies are kept with the reason.
    """

    changed: int = 0
    repeated: int = 0
    unknown: int = 0
    unreadable: int = 0
    postponed: int = 0
    failed: int = 0
    account_events: Counter[str] = field(default_factory=Counter)
    lags: list[timedelta] = field(default_factory=list)

    def add(self, other: Applied) -> None:
        """Count the other's too."""
        self.changed += other.changed
        self.repeated += other.repeated
        self.unknown += other.unknown
        self.unreadable += other.unreadable
        self.postponed += other.postponed
        self.failed += other.failed
        self.account_events += other.account_events
        self.lags += other.lags


async def apply_events(client: Client, events: Sequence[KeptEvent], now: datetime) -> Applied:
    """Apply the bodies; safe to repeat after a crash halfway. Raises TransientDatabaseError: try later."""
    try:
        return await _apply_together(client, events, now)
    except PermanentDatabaseError as error:
        if len(events) == 1:
            await client.execute(inbox.done(events[0].id, now, f"not applied: {error.code}"))
            return Applied(failed=1)
    total = Applied()
    for event in events:  # one of them is at fault
        total.add(await apply_events(client, [event], now))
    return total


async def _apply_together(client: Client, events: Sequence[KeptEvent], now: datetime) -> Applied:
    applied = Applied()
    parsed: list[tuple[KeptEvent, ParsedEvent]] = []
    closing: list[InStatement] = []
    for event in events:
        try:
            parsed.append((event, parse_event(event.body, event.received_at)))
        except UnreadableEventError as error:
            closing.append(inbox.done(event.id, now, str(error)))
            applied.failed += 1
    ours = await _resolve(client, [status for _, found in parsed for status in found.statuses])
    known: list[tuple[int, StatusUpdate]] = []
    for event, found in parsed:
        strangers = 0
        for status in found.statuses:
            notification_id = ours.find(status)
            if notification_id is None:
                strangers += 1
            else:
                known.append((notification_id, status))
            if not event.looked_at:
                applied.lags.append(event.received_at - status.occurred_at)
        applied.unreadable += found.unreadable
        for account_event in found.account_events:
            closing.extend(statements_for_event(account_event))
            applied.account_events[account_event.field] += 1
        if strangers and not event.looked_at:
            applied.postponed += strangers
            closing.append(inbox.look_again(event.id, now))
        else:
            applied.unknown += strangers
            closing.append(inbox.done(event.id, now, _remark(found.unreadable, strangers)))
    await _apply_statuses(client, known, closing, now, applied)
    return applied


async def _apply_statuses(
    client: Client,
    known: list[tuple[int, StatusUpdate]],
    closing: list[InStatement],
    now: datetime,
    applied: Applied,
) -> None:
    """The statuses in order, `closing` together with the last of them."""
    moment = timestamps.to_text(now)
    chunks = [known[start : start + _CHUNK] for start in range(0, len(known), _CHUNK)] or [[]]
    for chunk in chunks:
        statements: list[InStatement] = []
        numbers: list[InStatement] = []
        for notification_id, status in chunk:
            statements.extend(statements_for(notification_id, status, moment))
            number = bad_number_statement(notification_id, status)
            if number is not None:
                numbers.append(number)
        statements += numbers + (closing if chunk is chunks[-1] else [])
        if not statements:
            continue
        results = await client.batch(statements)
        changed = sum(result.rows_affected for result in results[1 : 2 * len(chunk) : 2])
        applied.changed += changed
        applied.repeated += len(chunk) - changed


@dataclass(frozen=True, slots=True)
class _Ours:
    """Which notification each message is of: by Meta's id, else by our own id that Meta echoed."""

    by_message: dict[str, int]
    by_correlation: dict[int, tuple[int, bool]]
    """Rows whose message id is not stored yet: the number of their send, whether one was begun."""

    def find(self, status: StatusUpdate) -> int | None:
        found = self.by_message.get(status.message_id)
        if found is not None or status.correlation is None:
            return found
        return self._find_unanswered(status.correlation)

    def _find_unanswered(self, correlation: Correlation) -> int | None:
        row = self.by_correlation.get(correlation.notification_id)
        if row is None:
            return None
        send_number, begun = row
        fits = begun if correlation.send_number is None else correlation.send_number == send_number
        return correlation.notification_id if fits else None


async def _resolve(client: Client, statuses: Iterable[StatusUpdate]) -> _Ours:
    messages: set[str] = set()
    ids: set[int] = set()
    for status in statuses:
        messages.add(status.message_id)
        if status.correlation is not None:
            ids.add(status.correlation.notification_id)
    if not messages:
        return _Ours({}, {})
    stored, unanswered = await client.batch(
        [
            (
                """SELECT id, whatsapp_message_id FROM whatsapp_notificaciones
                WHERE whatsapp_message_id IN (SELECT value FROM json_each(?))""",
                (orjson.dumps(list(messages)).decode(),),
            ),
            (
                """SELECT id, envio_numero, intentos > 0 AS begun FROM whatsapp_notificaciones
                WHERE id IN (SELECT value FROM json_each(?)) AND whatsapp_message_id IS NULL""",
                (orjson.dumps(list(ids)).decode(),),
            ),
        ]
    )
    return _Ours(
        {rows.text(row, "whatsapp_message_id"): rows.integer(row, "id") for row in stored},
        {
            rows.integer(row, "id"): (rows.integer(row, "envio_numero"), rows.integer(row, "begun") == 1)
            for row in unanswered
        },
    )


def _remark(unreadable: int, unknown: int) -> str | None:
    return f"{unreadable} unreadable, {unknown} unknown" if unreadable or unknown else None
