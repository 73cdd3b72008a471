"""The service stops: the page arrives, once a channel; it starts again: the resolved notice follows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from lab.running import Lab, wait_for

ALERT = "WhatsAppSystemDown"
# `for` 2 m, a scrape, an evaluation, the group wait: what the catalogue promises, and a little.
PAGE_SECONDS = 240
# The cooldown of this alert is 5 minutes, and a resolved notice waits for its end at most.
RESOLVED_SECONDS = 400


def _about(lab: Lab, sink: str, moment: dt.datetime, *words: str) -> list[dict[str, Any]]:
    """Return the messages since `moment` that carry every word."""
    found = lab.arrived(sink, moment)
    return [item for item in found if all(word in json.dumps(item, ensure_ascii=False) for word in words)]


@pytest.fixture
def service(lab: Lab) -> Iterator[None]:
    """Whatever happens, the service runs again afterwards."""
    yield
    lab.shell("app1", "systemctl start whatsapp-notifications")


@pytest.mark.usefixtures("service")
def test_stopped_service_pages_and_resolves(lab: Lab, started: dt.datetime) -> None:
    lab.shell("app1", "systemctl stop whatsapp-notifications")
    stopped = dt.datetime.now(dt.UTC)

    slack = wait_for("the page at Slack", PAGE_SECONDS, lambda: _about(lab, "slack", started, ALERT) or None)
    sms = wait_for("the page by SMS", 30, lambda: lab.arrived("sms", started) or None)
    mail = wait_for("the page by e-mail", 30, lambda: _about(lab, "mail", started, ALERT) or None)
    assert len(slack) == len(sms) == len(mail) == 1
    assert len(sms[0]["message"]) <= 160
    waited = dt.datetime.fromisoformat(slack[0]["received_at"]) - stopped
    assert dt.timedelta(seconds=110) < waited, "the manual's 2 minutes were not waited for"

    lab.shell("app1", "systemctl start whatsapp-notifications")
    resolved = wait_for(
        "the resolved notice at Slack",
        RESOLVED_SECONDS,
        lambda: _about(lab, "slack", started, ALERT, "RESUELT") or None,
    )
    assert len(resolved) == 1
    assert len(lab.arrived("sms", started)) == 1, "SMS carries no resolved notice"
    assert lab.session.query(f'ALERTS{{alertname="{ALERT}",alertstate="firing"}}') == []
