"""Causing faults, waiting for their pages and for the resolved notices, and judging both."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from whatsapp_alerting.alert import Channel

from lab.rehearsal.fault import Fault, Page
from lab.rehearsal.messages import Message, arrived
from lab.rehearsal.promises import Promise, Promises
from lab.running import Lab, wait_for

POLL_SECONDS: Final = 0.5
LATE_SECONDS: Final = 60.0
"""How long a page that is over its promise is still waited for, so that the verdict can say by how much."""
NOTICED_SECONDS: Final = 45.0
"""What a resolved notice may take beyond the cooldown and the condition's own memory."""


@dataclass(frozen=True)
class Verdict:
    """How one page came. Seconds; None where nothing came."""

    fault: str
    alert: str
    limit: float
    after: float | None
    """From the fault to the last of the channels."""
    missing: tuple[str, ...]
    repeated_too_soon: tuple[str, ...]
    resolved_after: float | None
    """From the healing to the last notice."""
    unresolved: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """In time, on every channel, once a cooldown, and resolved."""
        in_time = self.after is not None and self.after <= self.limit
        return in_time and not (self.missing or self.repeated_too_soon or self.unresolved)

    def __str__(self) -> str:
        said = [f"{self.alert}: {'kept' if self.kept else 'BROKEN'}"]
        said.append(
            "no page" if self.after is None else f"page after {self.after:.1f} s of {self.limit:.1f} s"
        )
        if self.resolved_after is not None:
            said.append(f"resolved {self.resolved_after:.1f} s after the end")
        for what, names in (
            ("not at", self.missing),
            ("again within its cooldown at", self.repeated_too_soon),
            ("no resolved notice at", self.unresolved),
        ):
            if names:
                said.append(f"{what} {', '.join(names)}")
        return f"{', '.join(said)} ({self.fault})"


@dataclass
class _Watched:
    """A page that is waited for."""

    fault: Fault
    page: Page
    promise: Promise
    caused: dt.datetime
    limit: float
    healed: dt.datetime | None = None

    @property
    def channels(self) -> list[Channel]:
        return [one for one in self.promise.channels if one not in self.page.without]

    def own(self, messages: Iterable[Message]) -> list[Message]:
        return [one for one in messages if not one.escalated and one.is_about(self.promise.summary)]

    def first(self, messages: Iterable[Message], channel: Channel, *, resolved: bool) -> Message | None:
        own = [one for one in self.own(messages) if one.channel is channel]
        page = next((one for one in own if not one.resolved), None)
        if not resolved or page is None:
            return page if not resolved else None
        # Not one of an earlier fault, which a cooldown held back until now.
        return next((one for one in own if one.resolved and one.received > page.received), None)

    def paged(self, messages: Sequence[Message]) -> bool:
        return all(self.first(messages, channel, resolved=False) for channel in self.channels)

    def ended(self, messages: Sequence[Message]) -> bool:
        return all(self.first(messages, channel, resolved=True) for channel in self._told_of_the_end())

    def _told_of_the_end(self) -> list[Channel]:
        return [one for one in self.channels if one is not Channel.SMS]

    def verdict(self, messages: Sequence[Message]) -> Verdict:
        pages = {one: self.first(messages, one, resolved=False) for one in self.channels}
        ends = {one: self.first(messages, one, resolved=True) for one in self._told_of_the_end()}
        came = [one.received for one in pages.values() if one]
        over = [one.received for one in ends.values() if one]
        return Verdict(
            fault=self.fault.name,
            alert=self.promise.alert,
            limit=self.limit,
            after=(max(came) - self.caused).total_seconds() if came else None,
            missing=tuple(channel.value for channel, message in pages.items() if message is None),
            repeated_too_soon=tuple(one.value for one in self.channels if self._too_soon(messages, one)),
            resolved_after=(
                (max(over) - self.healed).total_seconds() if over and self.healed is not None else None
            ),
            unresolved=tuple(channel.value for channel, message in ends.items() if message is None),
        )

    def _too_soon(self, messages: Sequence[Message], channel: Channel) -> bool:
        """Say whether two firing notices of a channel are closer than a cooldown (but for a tenth: ticks)."""
        times = [one.received for one in self.own(messages) if one.channel is channel and not one.resolved]
        least = dt.timedelta(seconds=0.9 * self.promise.cooldown)
        return any(later - earlier < least for earlier, later in pairwise(times))


def rehearse(lab: Lab, promises: Promises, faults: Sequence[Fault]) -> list[Verdict]:
    """Cause the faults together, heal each when its pages have arrived, and wait for the resolved notices.

    Whatever happens, every fault is healed.
    """
    watched: list[_Watched] = []
    healed: dict[str, dt.datetime] = {}
    begun = _now()
    try:
        for fault in faults:
            caused = fault.cause(lab) or _now()
            watched += [
                _Watched(fault, page, promise, caused, promises.limit(page))
                for page in fault.pages
                for promise in (promises.of(page.alert),)
            ]
        _await_pages(lab, watched, begun, healed)
    finally:
        _heal(lab, [fault for fault in faults if fault.name not in healed], healed)
    for one in watched:
        one.healed = healed[one.fault.name]
    _await_ends(lab, watched, begun)
    messages = arrived(lab, begun)
    return [one.verdict(messages) for one in watched]


def _heal(lab: Lab, faults: Sequence[Fault], healed: dict[str, dt.datetime]) -> None:
    """Heal each; one that does not heal keeps none of the others from it."""
    with ExitStack() as stack:
        for fault in faults:
            stack.callback(fault.heal, lab)
            healed[fault.name] = _now()


def quiet(lab: Lab, promises: Promises, faults: Sequence[Fault], seconds: float) -> None:
    """Wait until neither the faults' alerts fire nor what would hide them, left over from earlier ones."""
    names = {page.alert for fault in faults for page in fault.pages}
    names |= {
        inhibition.alert
        for name in names
        for inhibition in promises.installation.alert(name).entry.inhibited_by
    }
    wait_for(
        f"the end of {', '.join(sorted(names))}",
        seconds,
        lambda: None if lab.session.query(f'ALERTS{{alertname=~"{"|".join(sorted(names))}"}}') else True,
    )


def _await_pages(
    lab: Lab, watched: Sequence[_Watched], begun: dt.datetime, healed: dict[str, dt.datetime]
) -> None:
    """Until every page is there or long over its promise; a fault whose pages are there is healed."""
    while len(healed) < len({one.fault.name for one in watched}):
        messages = arrived(lab, begun)
        for fault in {one.fault.name: one.fault for one in watched}.values():
            if fault.name in healed:
                continue
            own = [one for one in watched if one.fault is fault]
            given_up = max(one.limit + LATE_SECONDS for one in own)
            over = (_now() - own[0].caused).total_seconds() > given_up
            if over or all(one.paged(messages) for one in own):
                fault.heal(lab)
                healed[fault.name] = _now()
        time.sleep(POLL_SECONDS)


def _await_ends(lab: Lab, watched: Sequence[_Watched], begun: dt.datetime) -> None:
    """Until every resolved notice is there, or has not come for far too long."""
    while True:
        messages = arrived(lab, begun)
        waiting = [one for one in watched if one.paged(messages) and not one.ended(messages)]
        if not any(_now() < _end(one) for one in waiting):
            return
        time.sleep(POLL_SECONDS)


def _end(one: _Watched) -> dt.datetime:
    if one.healed is None:
        raise ValueError(one.fault.name)
    # The tick after the one that just came, when the condition still held at that.
    wait = 2 * one.promise.cooldown + one.promise.keeps_firing + one.fault.clears_seconds + NOTICED_SECONDS
    return one.healed + dt.timedelta(seconds=wait)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
