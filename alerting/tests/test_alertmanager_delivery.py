"""A real Alertmanager with the compiled configuration: what arrives, and how often."""

import itertools
import threading
from pathlib import Path

import pytest
from alerting_world import AlertmanagerProcess, HttpSink, MailSink
from delivery import COOLDOWN, firing, slack_attachment, start
from whatsapp_alerting.resolution import Installation

FLAPS = [
    (1.6, 0.4),
    (0.7, 0.3),
    (1.9, 1.4),
    (0.5, 0.5),
    (2.2, 0.3),
    (4.5, 0.8),
    (1.1, 0.2),
    (0.9, 0.9),
    (1.2, 0.1),
]
"""Seconds that the alert fires and then does not: above and below group_wait, and above the cooldown."""


def test_alert_arrives_once_on_each_channel_and_its_resolution_follows(
    fast: Installation,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
) -> None:
    start(fast, alertmanager, tmp_path)
    labels = {"host": "app1", "health": "down"}
    alert = firing(fast, "WhatsAppSystemDown", labels)

    alertmanager.post([alert])

    assert slack_attachment(http_sink)["title"].startswith("🚨 CRÍTICO Sistema")
    assert mail_sink.next()["subject"].startswith("[CRÍTICO] ")
    text_message = http_sink.next("sns")
    assert b"PhoneNumber=%2B15555550100" in text_message.body
    assert "Credential=AKIDFROMFILE/" in text_message.headers["Authorization"]

    alertmanager.post([firing(fast, "WhatsAppSystemDown", labels, ended=True)])

    resolved = slack_attachment(http_sink)
    assert resolved["title"].startswith("✅ RESUELTO ")
    assert "Hasta: " in resolved["text"]
    assert mail_sink.next()["subject"].startswith("[RESUELTO] ")
    assert http_sink.waiting("sns") == []
    assert http_sink.waiting("slack") == []


def test_graph_api_fault_pages_once_and_hides_the_degradation_but_not_an_outage(
    fast: Installation, alertmanager: AlertmanagerProcess, http_sink: HttpSink, tmp_path: Path
) -> None:
    start(fast, alertmanager, tmp_path)
    host = {"host": "app1"}

    alertmanager.post(
        [
            firing(fast, "WhatsAppGraphApiDown", host),
            firing(fast, "WhatsAppSystemDown", {**host, "health": "degraded"}),
            firing(fast, "WhatsAppHighErrorRate", host),
        ]
    )
    assert "API de WhatsApp (Meta)" in slack_attachment(http_sink)["title"]
    known = alertmanager.alerts()
    for suppressed in ("WhatsAppSystemDown degraded", "WhatsAppHighErrorRate"):
        assert known[suppressed]["status"]["state"] == "suppressed"
        assert known[suppressed]["status"]["inhibitedBy"] == [known["WhatsAppGraphApiDown"]["fingerprint"]]

    alertmanager.post([firing(fast, "WhatsAppSystemDown", {**host, "health": "down"})])

    # The fault of the Graph API may repeat first; the outage gets through, the inhibited alerts do not.
    titles = [slack_attachment(http_sink)["title"]]
    while "no saludable" not in titles[-1]:
        titles.append(slack_attachment(http_sink)["title"])
    assert not any("tasa de error" in title for title in titles)
    assert http_sink.next("sns").body.count(b"Meta") == 1
    assert b"saludable" in http_sink.next("sns").body
    assert alertmanager.alerts()["WhatsAppSystemDown down"]["status"]["state"] == "active"


@pytest.mark.slow
def test_steady_alert_repeats_after_the_cooldown_and_not_before(
    fast: Installation, alertmanager: AlertmanagerProcess, http_sink: HttpSink, tmp_path: Path
) -> None:
    start(fast, alertmanager, tmp_path)

    alertmanager.post([firing(fast, "WhatsAppQueueBacklog", {"host": "app1"})])

    first, second = http_sink.next("slack"), http_sink.next("slack")
    assert COOLDOWN - 0.5 < second.arrived_at - first.arrived_at < 2 * COOLDOWN - 0.5


def test_heartbeat_goes_to_its_own_receiver_only(
    fast: Installation, alertmanager: AlertmanagerProcess, http_sink: HttpSink, tmp_path: Path
) -> None:
    start(fast, alertmanager, tmp_path)

    alertmanager.post([firing(fast, "Watchdog", {})])

    beat = http_sink.next("heartbeat").json()
    assert beat["status"] == "firing"
    assert beat["commonLabels"]["alertname"] == "Watchdog"
    assert http_sink.waiting("slack") == []


@pytest.mark.slow
def test_flapping_alert_is_not_notified_again_within_the_cooldown(
    fast: Installation, alertmanager: AlertmanagerProcess, http_sink: HttpSink, tmp_path: Path
) -> None:
    start(fast, alertmanager, tmp_path)
    pause = threading.Event()

    for fires, ends in FLAPS:
        alertmanager.post([firing(fast, "WhatsAppQueueBacklog", {"host": "app1"})])
        pause.wait(fires)
        alertmanager.post([firing(fast, "WhatsAppQueueBacklog", {"host": "app1"}, ended=True)])
        pause.wait(ends)

    notices = [request for request in http_sink.waiting("slack") if "RESUELTO" not in request.body.decode()]
    moments = [request.arrived_at for request in notices]
    assert len(moments) >= 2
    assert min(later - earlier for earlier, later in itertools.pairwise(moments)) > COOLDOWN - 0.5
