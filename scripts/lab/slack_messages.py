"""What reached Slack, from the stack and from the cron scripts, and what it amounts to for one fault."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lab.cron_scripts import SLACK_PATH

# Alertmanager's colour for what has ended, whatever language the texts are in.
_RESOLVED_COLOUR: Final = "good"


@dataclass(frozen=True)
class Message:
    """One message: when it came, whether the cron scripts sent it, its text, whether it tells of an end."""

    at: dt.datetime
    from_cron: bool
    text: str
    resolved: bool = False


@dataclass(frozen=True)
class Heard:
    """What one sender told of a fault.

    Times are seconds, None when nothing came: `first` from the fault's beginning to the first message about
    it, `resolved` from its end to the notice that it has ended. `messages` are all that the sender sent
    meanwhile, `others` those of them that are about something else.
    """

    first: float | None
    resolved: float | None
    messages: int
    others: int


def parse(item: Mapping[str, Any]) -> Message:
    """Return what an item of the inbox's `/_lab/slack` says."""
    payload = item["payload"]
    attachments = payload.get("attachments") or []
    texts = [payload.get("text", ""), *(part.get("title", "") for part in attachments)]
    return Message(
        at=dt.datetime.fromisoformat(item["received_at"]),
        from_cron=item["path"] == SLACK_PATH,
        text="\n".join(text for text in texts if text),
        resolved=any(part.get("color") == _RESOLVED_COLOUR for part in attachments),
    )


def about(message: Message, words: Iterable[str]) -> bool:
    """Tell whether a message has one of the words."""
    return any(word in message.text for word in words)


def first_about(messages: Iterable[Message], words: Iterable[str], begun: dt.datetime) -> Message | None:
    """Return the first message since `begun` that tells of the fault, not of its end."""
    words = tuple(words)
    found = [one for one in messages if one.at >= begun and not one.resolved and about(one, words)]
    return min(found, key=lambda one: one.at, default=None)


def heard(
    messages: Iterable[Message], words: Iterable[str], *, begun: dt.datetime, healed: dt.datetime
) -> Heard:
    """Sum up one sender's messages since a fault began."""
    words = tuple(words)
    since = [one for one in messages if one.at >= begun]
    first = first_about(since, words, begun)
    ends = [one.at for one in since if one.resolved and one.at >= healed and about(one, words)]
    return Heard(
        first=None if first is None else (first.at - begun).total_seconds(),
        resolved=(min(ends) - healed).total_seconds() if ends else None,
        messages=len(since),
        others=sum(not about(one, words) for one in since),
    )
