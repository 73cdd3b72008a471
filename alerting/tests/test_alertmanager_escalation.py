"""An alert that goes on reaches the escalation contacts, and only them."""

from pathlib import Path

import pytest
from alerting_world import AlertmanagerProcess, HttpSink, MailSink
from delivery import (
    CHIEF_MAIL,
    CHIEF_PHONE,
    firing,
    in_language,
    overrides,
    quick,
    slack_attachment,
    sms,
    start,
)
from whatsapp_alerting.alert import Channel, Language
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.gsm import MAX_SMS, is_basic
from whatsapp_alerting.resolution import Installation, resolve

pytestmark = pytest.mark.slow

ALERT = "WhatsAppSystemDown"
LABELS = {"host": "app1", "health": "down"}


@pytest.fixture
def escalating(catalog: Catalog, tmp_path: Path, http_sink: HttpSink, mail_sink: MailSink) -> Installation:
    fields = {"escalate_after": 900, "escalate_to": [Channel.SLACK, Channel.EMAIL, Channel.SMS]}
    return resolve(quick(catalog, **{ALERT: fields}), overrides(tmp_path, http_sink, mail_sink))


@pytest.mark.parametrize(
    ("language", "word", "resolved", "text_message"),
    [
        (Language.ES, "🚨 CRÍTICO ESCALADO ", "✅ RESUELTO ESCALADO ", "ESCALADO app1 desde "),
        (Language.EN, "🚨 CRITICAL ESCALATED ", "✅ RESOLVED ESCALATED ", "ESCALATED app1 since "),
    ],
    ids=["es", "en"],
)
def test_escalated_alert_reaches_its_contacts_only_and_says_so(
    escalating: Installation,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
    language: Language,
    word: str,
    resolved: str,
    text_message: str,
) -> None:
    installation = in_language(escalating, language)
    start(installation, alertmanager, tmp_path)

    alertmanager.post([firing(installation, ALERT, LABELS, escalated=True)])

    assert slack_attachment(http_sink, "chief")["title"].startswith(word)
    mail = mail_sink.next()
    assert mail["to"] == CHIEF_MAIL
    assert mail["subject"].startswith(f"[{word[2:-1]}] ")
    published = sms(http_sink)
    assert published["PhoneNumber"] == CHIEF_PHONE
    assert published["Message"].startswith(text_message)
    assert published["Message"].endswith(f"/{ALERT}.md")
    assert len(published["Message"]) <= MAX_SMS
    assert is_basic(published["Message"])

    alertmanager.post([firing(installation, ALERT, LABELS, escalated=True, ended=True)])

    assert slack_attachment(http_sink, "chief")["title"].startswith(resolved)
    assert mail_sink.next()["subject"].startswith(f"[{resolved[2:-1]}] ")
    for kind in ("slack", "sns"):
        assert http_sink.waiting(kind) == []
    assert mail_sink.waiting() == []


def test_first_notice_and_escalation_are_each_sent_once(
    escalating: Installation, alertmanager: AlertmanagerProcess, http_sink: HttpSink, tmp_path: Path
) -> None:
    start(escalating, alertmanager, tmp_path)

    alertmanager.post([firing(escalating, ALERT, LABELS), firing(escalating, ALERT, LABELS, escalated=True)])

    assert slack_attachment(http_sink)["title"].startswith("🚨 CRÍTICO Sistema ")
    assert slack_attachment(http_sink, "chief")["title"].startswith("🚨 CRÍTICO ESCALADO Sistema ")
    assert {sms(http_sink)["PhoneNumber"], sms(http_sink)["PhoneNumber"]} == {"+15555550100", CHIEF_PHONE}
    assert http_sink.waiting("slack") == []
    assert http_sink.waiting("chief") == []


def test_inhibited_alert_is_not_escalated_either(
    escalating: Installation, alertmanager: AlertmanagerProcess, http_sink: HttpSink, tmp_path: Path
) -> None:
    start(escalating, alertmanager, tmp_path)

    alertmanager.post(
        [
            firing(escalating, "WhatsAppGraphApiDown", {"host": "app1"}),
            firing(escalating, ALERT, {"host": "app1", "health": "degraded"}, escalated=True),
        ]
    )

    assert "API de WhatsApp (Meta)" in slack_attachment(http_sink)["title"]
    suppressed = alertmanager.alerts()[f"{ALERT} degraded"]
    assert suppressed["status"]["state"] == "suppressed"
    assert http_sink.waiting("chief") == []
