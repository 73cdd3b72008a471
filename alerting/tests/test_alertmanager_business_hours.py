"""Alerts that may wait are notified in business hours, the others at any hour."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alerting_world import AlertmanagerProcess, HttpSink, MailSink
from delivery import firing, overrides, quick, slack_attachment, start
from whatsapp_alerting.alert import Channel
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.resolution import Installation, resolve

pytestmark = pytest.mark.slow

ZONE = "America/Lima"
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MAY_WAIT, AT_ONCE = "HostDiskSpaceLow", "WhatsAppQueueBacklog"
LABELS = {MAY_WAIT: {"host": "app1", "mountpoint": "/"}, AT_ONCE: {"host": "app1"}}


def _installation(
    catalog: Catalog, tmp_path: Path, http_sink: HttpSink, mail_sink: MailSink, hours: dict[str, Any]
) -> Installation:
    changed = quick(
        catalog, **{MAY_WAIT: {"may_wait": True, "escalate_after": 900, "escalate_to": [Channel.SLACK]}}
    )
    return resolve(changed, overrides(tmp_path, http_sink, mail_sink, timezone=ZONE, business_hours=hours))


def _far_from_now() -> dict[str, Any]:
    """Return hours of every day that now is not in, by hours."""
    afternoon = {"start": "15:00", "end": "24:00"}
    morning = {"start": "00:00", "end": "09:00"}
    return {"days": DAYS, **(afternoon if datetime.now(ZoneInfo(ZONE)).hour < 12 else morning)}


def _other_days() -> dict[str, Any]:
    """Return whole days that are neither yesterday, today nor tomorrow."""
    today = datetime.now(ZoneInfo(ZONE)).weekday()
    return {"days": [DAYS[(today + after) % 7] for after in (2, 3, 4, 5)], "start": "00:00", "end": "24:00"}


def _around_now() -> dict[str, Any]:
    """Return hours that now is in, by an hour at the end that is near."""
    today = datetime.now(ZoneInfo(ZONE))
    days = [DAYS[(today.weekday() + after) % 7] for after in (-1, 0, 1)]
    if today.hour < 12:
        return {"days": days, "start": "00:00", "end": "13:00"}
    return {"days": days, "start": "11:00", "end": "24:00"}


def _always() -> dict[str, Any]:
    return {"days": DAYS, "start": "00:00", "end": "24:00"}


@pytest.mark.parametrize("hours", [_far_from_now, _other_days])
def test_outside_of_them_only_what_cannot_wait_is_notified(
    catalog: Catalog,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
    hours: Any,  # noqa: ANN401 - a function of this file
) -> None:
    installation = _installation(catalog, tmp_path, http_sink, mail_sink, hours())
    start(installation, alertmanager, tmp_path)

    # The one that may wait comes first: its group would be notified before the other's.
    alertmanager.post([firing(installation, MAY_WAIT, LABELS[MAY_WAIT])])
    alertmanager.post([firing(installation, AT_ONCE, LABELS[AT_ONCE])])
    titles = [slack_attachment(http_sink)["title"], slack_attachment(http_sink)["title"]]

    # Two notices of the other, so the cooldown has passed twice and the first has still not come.
    assert all("Cola de notificaciones" in title for title in titles)
    assert mail_sink.waiting() == []
    assert alertmanager.alerts()[MAY_WAIT]["status"]["state"] == "active", "it is kept, not silenced"

    alertmanager.post([firing(installation, MAY_WAIT, LABELS[MAY_WAIT], escalated=True)])
    assert "ESCALADO" in slack_attachment(http_sink, "chief")["title"], "what goes on does not wait"


@pytest.mark.parametrize("hours", [_around_now, _always])
def test_in_them_everything_is_notified(
    catalog: Catalog,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
    hours: Any,  # noqa: ANN401 - a function of this file
) -> None:
    installation = _installation(catalog, tmp_path, http_sink, mail_sink, hours())
    start(installation, alertmanager, tmp_path)

    alertmanager.post([firing(installation, name, labels) for name, labels in LABELS.items()])

    titles = " ".join(slack_attachment(http_sink)["title"] for _ in LABELS)
    assert "Espacio en disco" in titles
    assert "Cola de notificaciones" in titles
