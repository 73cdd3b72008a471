"""The state of the whole stack, for people and for programs."""

from __future__ import annotations

import dataclasses
import json
import time

from lab.layout import TLS_DIR, hosts
from lab.parts import Part
from lab.probes import Session, host_parts, monitoring_parts, service_parts, world_parts

MARKS = {"up": "up    ", "waiting": "wait  ", "absent": "absent", "broken": "BROKEN"}


def check() -> list[Part]:
    """Ask every part; the order is that of the data's flow."""
    session = Session.open()
    with session.client:
        return [
            *host_parts(hosts()),
            *service_parts(session),
            *monitoring_parts(session),
            *world_parts(session),
        ]


def wait(seconds: float) -> list[Part]:
    """Ask until nothing is broken or the time is over (the first scrapes take a minute)."""
    deadline = time.monotonic() + seconds
    while True:
        parts = check()
        if not any(part.broken for part in parts) or time.monotonic() > deadline:
            return parts
        time.sleep(2)


def report(parts: list[Part]) -> str:
    """Return the parts as a table with addresses, then each login once."""
    width = max(len(part.name) for part in parts)
    lines = []
    for part in parts:
        lines.append(f"{MARKS[part.state]}  {part.name:<{width}}  {part.detail}")
        if part.address:
            lines.append(f"{'':8}{'':{width}}  {part.address}")
    logins: dict[str, list[str]] = {}
    for part in parts:
        if part.login is not None:
            logins.setdefault(part.login.text(), []).append(part.name)
    if logins:
        lines.append("")
        lines.extend(f"login {text}  ({', '.join(names)})" for text, names in logins.items())
        lines.append("certificate authority: .lab/tls/ca.crt")
    broken = [part.name for part in parts if part.broken]
    lines.append(f"broken: {', '.join(broken)}" if broken else "every part is up")
    return "\n".join(lines)


def to_json(parts: list[Part]) -> str:
    """Return every part's state, address and lab login as one JSON document."""
    listed = []
    for part in parts:
        login = None
        if part.login is not None:
            login = {key: value for key, value in dataclasses.asdict(part.login).items() if value}
        listed.append(
            {
                "name": part.name,
                "state": part.state,
                "detail": part.detail,
                "address": part.address,
                "login": login,
            }
        )
    document = {
        "ok": not any(part.broken for part in parts),
        "certificate_authority": str(TLS_DIR / "ca.crt"),
        "parts": listed,
    }
    return json.dumps(document, indent=2)
