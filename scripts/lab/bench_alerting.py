"""The stack and the manual's cron scripts side by side: how long each takes to tell Slack of a fault."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Final, NoReturn

import httpx
from whatsapp_stack.bench.figures import Figure, Report, Target, number_text, to_json

from lab import cron_scripts
from lab.alert_faults import FAULTS, Compared
from lab.errors import LabError
from lab.faults import queue
from lab.probes import Session, UnhealthyError
from lab.rehearsal.promises import OVERRIDES, Promise, Promises
from lab.running import Lab, wait_for
from lab.slack_messages import Heard, Message, first_about, heard, parse
from lab.status import check

DESCRIPTION: Final = (
    "Four faults of the running lab (scripts/up), told by this stack and by the manual's cron scripts: "
    "about 75 minutes, at most three hours."
)
DEFAULT_MINUTES: Final = 20.0
POLL_SECONDS: Final = 2.0
# Of the cron scripts' cooldown, and a little: the next fault must not be kept silent for the one before.
CRON_QUIET_SECONDS: Final = 330
# A scrape, an evaluation, and what a busy machine adds.
RESOLVED_MARGIN_SECONDS: Final = 300
QUIET_SECONDS: Final = 2400
CRON_PENDING_LIMIT: Final = 100
CRON_ERROR_LIMIT: Final = 5


@dataclass(frozen=True)
class Outcome:
    """One fault, what was promised of it, how long it lasted (seconds), and what each side told."""

    fault: str
    alert: str
    promise: float
    lasted: float
    stack: Heard
    cron: Heard


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the benchmark's options."""
    parser.add_argument(
        "--fault",
        action="append",
        choices=[fault.key for fault in FAULTS],
        help="this fault only; may be repeated",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=DEFAULT_MINUTES,
        help="longest wait for the first message of both (default: %(default)g)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the figures; returns the exit code. However it ends, the lab is healed and the scripts are gone.

    Raises:
        LabError: when there is no lab, when something is wrong with it before, or when it does not heal.
    """
    chosen = [fault for fault in FAULTS if options.fault is None or fault.key in options.fault]
    signal.signal(signal.SIGTERM, _interrupt)
    session = Session.open()
    with session.client:
        try:
            outcomes = _side_by_side(Lab(session), chosen, bound=options.minutes * 60)
        except (TimeoutError, httpx.HTTPError, UnhealthyError) as error:
            raise LabError(str(error)) from error
    sys.stdout.write((document(outcomes) if options.json else table(outcomes)) + "\n")
    return 0


def _side_by_side(lab: Lab, faults: Sequence[Compared], bound: float) -> list[Outcome]:
    promises = _deployed()
    _require_health(lab)
    try:
        _say("installing the cron scripts")
        cron_scripts.install(lab)
        _await_cron(lab)
        return [_measure(lab, fault, promises.of(fault.alert), bound) for fault in faults]
    finally:
        cron_scripts.remove(lab)


def _deployed() -> Promises:
    if not OVERRIDES.exists():
        raise LabError("the lab's alerts are not compiled: run scripts/up")
    promises = Promises.deployed()
    if promises.compression != 1:
        raise LabError(
            f"the lab's alerts run {promises.compression} times as fast as real ones: run scripts/up"
        )
    return promises


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stderr.write(f"{dt.datetime.now(dt.UTC):%H:%M:%S} {text}\n")
    sys.stderr.flush()


def _require_health(lab: Lab) -> None:
    """Refuse a lab in which either side would have something to tell without any fault."""
    broken = [part.name for part in check() if part.broken]
    if broken:
        raise LabError(f"the lab is not whole: {', '.join(broken)}")
    pending = lab.api("GET", "/api/notifications?estado=PENDIENTE&limite=1").json()["total"]
    if pending > CRON_PENDING_LIMIT:
        raise LabError(
            f"{pending} notifications are PENDIENTE, if only for later: to the cron scripts that is a queue"
        )
    rate = queue.day(lab)["tasa_error_porcentaje"]
    if rate > CRON_ERROR_LIMIT:
        raise LabError(f"the day's error rate is {rate} % already")


def _await_cron(lab: Lab) -> None:
    log = f"{cron_scripts.STATE}/health.log"
    ask = f"test -s {log} && echo yes || true"
    wait_for("cron's first run", 150, lambda: lab.shell(cron_scripts.HOST, ask) or None, every=POLL_SECONDS)


def _messages(lab: Lab, since: dt.datetime, *, from_cron: bool) -> list[Message]:
    # One answer that does not come must not end a measurement of an hour.
    items = wait_for("Slack's messages", 60, lambda: lab.arrived("slack", since))
    messages = [parse(item) for item in items]
    return [one for one in messages if one.from_cron is from_cron]


def _measure(lab: Lab, fault: Compared, promise: Promise, bound: float) -> Outcome:
    """Cause a fault, wait for both, heal it, wait for its end to be told and for quiet."""
    _await_quiet(lab)
    _say(f"{fault.name}: causing it")
    try:
        begun = fault.fault.cause(lab) or dt.datetime.now(dt.UTC)
        _await_both(lab, fault, promise, begun, bound)
    finally:
        _say(f"{fault.name}: healing it")
        fault.fault.heal(lab)
    healed = dt.datetime.now(dt.UTC)
    _await_resolved(lab, promise, begun, healed)
    _await_quiet(lab)
    stack = heard(_messages(lab, begun, from_cron=False), (promise.summary,), begun=begun, healed=healed)
    cron = heard(_messages(lab, begun, from_cron=True), fault.cron_words, begun=begun, healed=healed)
    lasted = (healed - begun).total_seconds()
    return Outcome(fault.name, fault.alert, promise.within, lasted, stack, cron)


def _await_both(lab: Lab, fault: Compared, promise: Promise, begun: dt.datetime, bound: float) -> None:
    told: set[str] = set()
    deadline = time.monotonic() + bound
    sides = (("this stack", False, (promise.summary,)), ("the cron scripts", True, fault.cron_words))
    while time.monotonic() < deadline:
        for name, from_cron, words in sides:
            first = first_about(_messages(lab, begun, from_cron=from_cron), words, begun)
            if first is not None and name not in told:
                told.add(name)
                _say(f"{fault.name}: told by {name} after {(first.at - begun).total_seconds():.0f} s")
        if len(told) == len(sides):
            return
        time.sleep(POLL_SECONDS)


def _await_resolved(lab: Lab, promise: Promise, begun: dt.datetime, healed: dt.datetime) -> None:
    """Wait for the stack's notice, if it told of the fault; that none comes is a result."""
    deadline = time.monotonic() + promise.cooldown + promise.keeps_firing + RESOLVED_MARGIN_SECONDS
    while time.monotonic() < deadline:
        so_far = heard(_messages(lab, begun, from_cron=False), (promise.summary,), begun=begun, healed=healed)
        if so_far.first is None or so_far.resolved is not None:
            return
        time.sleep(POLL_SECONDS)


def _await_quiet(lab: Lab) -> None:
    """Wait until no alert of the faults is pending or firing, and the cron scripts' cooldown is over."""
    names = "|".join([*(fault.alert for fault in FAULTS), "WhatsAppGraphApiDown"])

    def quiet() -> bool | None:
        if lab.session.query(f'ALERTS{{alertname=~"{names}"}}'):
            return None
        since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=CRON_QUIET_SECONDS)
        return None if _messages(lab, since, from_cron=True) else True

    try:
        wait_for("quiet", QUIET_SECONDS, quiet, every=5)
    except TimeoutError as error:
        raise LabError(f"the lab does not come to rest: {error}") from error


def figures(outcomes: Sequence[Outcome]) -> tuple[Figure, ...]:
    """Return what has a number; a stack that said nothing missed its promise by as long as was waited."""
    found: list[Figure] = []
    for one in outcomes:
        promise = Target(below=one.promise)
        if one.stack.first is None:
            found.append(Figure(f"{one.fault}: this stack, none came", round(one.lasted, 1), "s", promise))
        else:
            found.append(Figure(f"{one.fault}: this stack", round(one.stack.first, 1), "s", promise))
        if one.cron.first is not None:
            found.append(Figure(f"{one.fault}: cron scripts", round(one.cron.first, 1), "s"))
        found.append(Figure(f"{one.fault}: messages of this stack", one.stack.messages, ""))
        found.append(Figure(f"{one.fault}: messages of the cron scripts", one.cron.messages, ""))
    return tuple(found)


def document(outcomes: Sequence[Outcome]) -> str:
    """Return the figures as the other benchmarks' JSON, and beside them each fault with what did not come."""
    whole = json.loads(to_json([Report("alerting", figures(outcomes))]))
    whole["reports"][0]["faults"] = [asdict(one) for one in outcomes]
    return json.dumps(whole, indent=2, ensure_ascii=False)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a row for each fault; messages are all that were sent (of them about something else)."""
    head = (
        "fault",
        "this stack",
        "promised",
        "cron scripts",
        "lasted",
        "messages",
        "cron",
        "resolved",
        "cron",
    )
    rows = [head, *(_row(one) for one in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _row(one: Outcome) -> tuple[str, ...]:
    met = one.stack.first is not None and one.stack.first < one.promise
    return (
        one.fault,
        _time(one.stack.first),
        f"< {number_text(one.promise)} s: {'met' if met else 'missed'}",
        _time(one.cron.first),
        _time(one.lasted),
        _count(one.stack),
        _count(one.cron),
        _time(one.stack.resolved),
        _time(one.cron.resolved),
    )


def _time(value: float | None) -> str:
    return "none" if value is None else f"{number_text(round(value))} s"


def _count(side: Heard) -> str:
    return f"{side.messages} ({side.others} other)" if side.others else str(side.messages)
