"""A real Alertmanager with the compiled configuration: what arrives, how often, and what it says."""

import dataclasses
import json
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alerting_world import AlertmanagerProcess, HttpSink, MailSink
from whatsapp_alerting.alert import Language
from whatsapp_alerting.compilation import Sources, compiled_files
from whatsapp_alerting.gsm import is_basic
from whatsapp_alerting.loading import load_catalog
from whatsapp_alerting.output import write_files
from whatsapp_alerting.overrides import Overrides
from whatsapp_alerting.resolution import Installation, resolve
from whatsapp_alerting.rules import annotations

COOLDOWN = 4
"""Seconds; the shortest that shows a resolution on the next group tick and no repeat before it."""


@pytest.fixture
def fast(sources: Sources, tmp_path: Path, http_sink: HttpSink, mail_sink: MailSink) -> Installation:
    """The catalogue with cooldowns that a test can wait for, and receivers in this process."""
    webhook = tmp_path / "slack_webhook_url"
    webhook.write_text(http_sink.url("slack/services/T/B/X"), encoding="utf-8")
    catalog = load_catalog(sources.catalog)
    catalog = catalog.model_copy(
        update={
            "timing": catalog.timing.model_copy(update={"group_wait": 1}),
            "areas": {
                name: area.model_copy(
                    update={"alerts": [one.model_copy(update={"cooldown": COOLDOWN}) for one in area.alerts]}
                )
                for name, area in catalog.areas.items()
            },
        }
    )
    overrides = Overrides.model_validate(
        {
            "runbook_base_url": "https://mon1/runbooks",
            "external_urls": {"grafana": "https://mon1/grafana"},
            "receivers": {
                "slack": {"api_url_file": str(webhook)},
                "email": {
                    "to": "ops@example.com",
                    "from": "alerts@example.com",
                    "smarthost": mail_sink.smarthost,
                    "require_tls": False,
                },
                "sms": {
                    "region": "us-east-1",
                    "phone_number": "+15555550100",
                    "api_url": http_sink.url("sns"),
                },
                "heartbeat": {"url": http_sink.url("heartbeat")},
            },
        }
    )
    return resolve(catalog, overrides)


def start(installation: Installation, alertmanager: AlertmanagerProcess, tmp_path: Path) -> None:
    write_files(tmp_path / "compiled", compiled_files(installation))
    credentials = tmp_path / "aws_credentials"
    credentials.write_text(
        "[default]\naws_access_key_id = AKIDFROMFILE\naws_secret_access_key = example\n", encoding="utf-8"
    )
    alertmanager.start(
        tmp_path / "compiled/alertmanager/alertmanager.yml",
        {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_EC2_METADATA_DISABLED": "true"},
    )


def firing(
    installation: Installation, name: str, labels: dict[str, str], *, ended: bool = False
) -> dict[str, Any]:
    """Return the alert as Prometheus posts it, with the texts of templates as they are when rendered."""
    alert = installation.alert(name)
    texts = annotations(installation, alert)
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, **alert.static_labels(), **labels},
        "annotations": {**texts, "description": "<descripción>", "value": "down"},
        # Alertmanager skips group_wait for alerts that began longer ago, so the beginning is now.
        "startsAt": (now - timedelta(seconds=2 if ended else 0)).isoformat(),
        "endsAt": (now + timedelta(seconds=-1 if ended else 600)).isoformat(),
    }


def slack_attachment(sink: HttpSink) -> dict[str, Any]:
    attachment = json.loads(sink.next("slack").body)["attachments"][0]
    assert isinstance(attachment, dict)
    return attachment


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

    slack = slack_attachment(http_sink)
    assert slack["title"] == "🚨 CRÍTICO Sistema de notificaciones WhatsApp no saludable (app1)"
    assert slack["title_link"] == "https://mon1/grafana/d/whatsapp-overview"
    assert "*Valor:* down" in slack["text"]
    assert "*Desde:*" in slack["text"]
    assert "(America/Lima)" in slack["text"]
    assert "<https://mon1/runbooks/es/WhatsAppSystemDown.md|Guía>" in slack["text"]

    mail = mail_sink.next()
    assert (
        mail["subject"]
        == "[CRÍTICO] WhatsApp Notifications - Sistema de notificaciones WhatsApp no saludable (app1)"
    )
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "&lt;descripción&gt;" in html.get_content()
    assert "Guía: https://mon1/runbooks/es/WhatsAppSystemDown.md" in text.get_content()

    sms = http_sink.next("sns")
    message = urllib.parse.parse_qs(sms.body.decode())["Message"][0]
    assert message.startswith("CRITICO app1 desde ")
    assert message.endswith("no saludable https://mon1/runbooks/es/WhatsAppSystemDown.md")
    assert len(message) <= 160
    assert is_basic(message)
    assert "Credential=AKIDFROMFILE/" in sms.headers["Authorization"]

    alertmanager.post([firing(fast, "WhatsAppSystemDown", labels, ended=True)])

    resolved = slack_attachment(http_sink)
    assert resolved["title"].startswith("✅ RESUELTO ")
    assert "*Hasta:*" in resolved["text"]
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


def test_messages_are_written_in_english_when_asked(
    fast: Installation, alertmanager: AlertmanagerProcess, http_sink: HttpSink, tmp_path: Path
) -> None:
    english = dataclasses.replace(fast, overrides=fast.overrides.model_copy(update={"language": Language.EN}))
    start(english, alertmanager, tmp_path)

    alertmanager.post([firing(english, "HostDiskSpaceLow", {"host": "app1", "mountpoint": "/"})])

    slack = slack_attachment(http_sink)
    assert slack["title"] == "⚠️ WARNING Disk space low (app1)"
    assert "*Since:*" in slack["text"]
    assert slack["color"] == "warning"
