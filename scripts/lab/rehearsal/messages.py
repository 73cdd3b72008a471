"""Messages that arrived at the lab's Slack, mail and SMS, told apart by alert."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from whatsapp_alerting.alert import Channel
from whatsapp_alerting.gsm import transliterate

from lab import slack_messages
from lab.running import Lab

SINKS: Final = {Channel.SLACK: "slack", Channel.EMAIL: "mail", Channel.SMS: "sms"}
_RESOLVED: Final = ("RESUELTO", "RESOLVED")
_ESCALATED: Final = ("ESCALADO", "ESCALATED")
_SMS_PREFIX: Final = 50
"""Characters of a summary that fit into every text message."""


@dataclass(frozen=True)
class Message:
    """One message for people."""

    channel: Channel
    received: dt.datetime
    title: str
    """Slack's title, the mail's subject, the text message itself."""
    resolved: bool
    escalated: bool

    def is_about(self, summary: str) -> bool:
        """Say whether it tells of the alert with that summary."""
        if self.channel is Channel.SMS:
            return transliterate(summary)[:_SMS_PREFIX] in self.title
        return summary in self.title


def arrived(lab: Lab, since: dt.datetime) -> list[Message]:
    """Return all messages since then, of every channel, oldest first."""
    found = [
        message
        for channel, sink in SINKS.items()
        for item in lab.arrived(sink, since)
        for message in _messages(channel, item)
    ]
    return sorted(found, key=lambda message: message.received)


def _messages(channel: Channel, item: dict[str, Any]) -> Iterator[Message]:
    received = dt.datetime.fromisoformat(item["received_at"])
    match channel:
        case Channel.SLACK:
            told = slack_messages.parse(item)
            if not told.from_cron:
                yield _message(channel, received, told.text)
        case Channel.EMAIL:
            yield _message(channel, received, str(item["subject"]))
        case _:
            yield _message(channel, received, str(item["message"]))


def _message(channel: Channel, received: dt.datetime, title: str) -> Message:
    return Message(
        channel,
        received,
        title,
        resolved=any(word in title for word in _RESOLVED),
        escalated=any(word in title for word in _ESCALATED),
    )
