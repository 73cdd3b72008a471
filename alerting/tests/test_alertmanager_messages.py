"""What the messages say on each channel, in both languages, whatever an alert brings with it."""

import dataclasses
import html
import re
from pathlib import Path

import pytest
from alerting_world import AlertmanagerProcess, HttpSink, MailSink
from delivery import firing, in_language, posted, slack_attachment, sms, start
from whatsapp_alerting.alert import Language
from whatsapp_alerting.gsm import MAX_SMS, is_basic
from whatsapp_alerting.resolution import Installation

HOSTILE = 'a<b>&"c"|*d*_e_`f`{{ .Labels }}[g]\nRunbook: https://evil.example\u202e'
"""Markup of HTML and Slack, of templates, a line break that would begin a line, an override of direction."""
SILENCE = "https://mon1/alertmanager/#/silences/new?filter=%7Balertname%3D%22X%22%7D"


@pytest.mark.parametrize(
    ("language", "title", "subject", "words", "text_message"),
    [
        (
            Language.ES,
            "🚨 CRÍTICO Sistema de notificaciones WhatsApp no saludable (app1)",
            "[CRÍTICO] WhatsApp Notifications - Sistema de notificaciones WhatsApp no saludable (app1)",
            ("Valor", "Servidor", "Desde", "Guía", "Panel", "Silenciar"),
            (
                r"CRITICO app1 desde \d\d/\d\d \d\d:\d\d \(97 %\): Sistema de notificaciones WhatsApp"
                r" no saludable https://mon1/runbooks/es/WhatsAppSystemDown\.md"
            ),
        ),
        (
            Language.EN,
            "🚨 CRITICAL WhatsApp notification system not healthy (app1)",
            "[CRITICAL] WhatsApp Notifications - WhatsApp notification system not healthy (app1)",
            ("Value", "Host", "Since", "Runbook", "Dashboard", "Silence"),
            (
                r"CRITICAL app1 since \d\d/\d\d \d\d:\d\d \(97 %\): WhatsApp notification system"
                r" not healthy https://mon1/runbooks/en/WhatsAppSystemDown\.md"
            ),
        ),
    ],
    ids=["es", "en"],
)
def test_messages_say_what_where_since_when_and_what_to_do(
    fast: Installation,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
    language: Language,
    title: str,
    subject: str,
    words: tuple[str, ...],
    text_message: str,
) -> None:
    installation = in_language(fast, language)
    start(installation, alertmanager, tmp_path)
    value, host, since, runbook, dashboard, silence = words
    runbook_url = f"https://mon1/runbooks/{language.value}/WhatsAppSystemDown.md"
    dashboard_url = "https://mon1/grafana/d/whatsapp-overview"
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(America/Lima\)"

    alertmanager.post(
        [
            firing(
                installation,
                "WhatsAppSystemDown",
                {"host": "app1", "health": "down"},
                description="Descripción.",
                value="97 %",
                silence_url=SILENCE,
            )
        ]
    )

    slack = slack_attachment(http_sink)
    assert slack["title"] == slack["fallback"] == title
    assert slack["title_link"] == dashboard_url
    assert slack["color"] == "danger"
    assert "text" not in slack["mrkdwn_in"]
    assert re.fullmatch(
        f"Descripción\\.\n{value}: 97 %\n{host}: app1\n{since}: {moment}\n"
        + re.escape(f"<{runbook_url}|{runbook}> · <{dashboard_url}|{dashboard}> · <{SILENCE}|{silence}>\n"),
        slack["text"],
    )

    mail = mail_sink.next()
    page, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert plain is not None
    assert mail["subject"] == subject
    text = plain.get_content().replace("\r", "")
    assert text.startswith(title)
    for line in (
        f"{value}: 97 %",
        f"{host}: app1",
        f"{runbook}: {runbook_url}",
        f"{dashboard}: {dashboard_url}",
        f"{silence}: {SILENCE}",
    ):
        assert line in text.splitlines()
    assert re.search(f"^{since}: {moment}$", text, re.MULTILINE)
    content = page.get_content()
    assert f'<html lang="{language.value}">' in content
    assert f'<th align="left">{value}</th><td>97 %</td>' in content
    assert re.search(f'<th align="left">{since}</th><td>{moment}</td>', content)
    linked = {label: html.unescape(url) for url, label in re.findall(r'href="([^"]*)">([^<]*)<', content)}
    assert linked == {runbook: runbook_url, dashboard: dashboard_url, silence: SILENCE}

    published = sms(http_sink)
    assert re.fullmatch(text_message, published["Message"])
    assert is_basic(published["Message"])
    assert len(published["Message"]) <= MAX_SMS


def test_what_an_alert_brings_is_escaped_on_every_channel(
    fast: Installation,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
) -> None:
    start(fast, alertmanager, tmp_path)

    alertmanager.post(
        [
            firing(
                fast,
                "WhatsAppSystemDown",
                {"host": HOSTILE, "health": "down"},
                description=f"En {HOSTILE} falla.",
                value=HOSTILE,
                runbook_url="https://mon1/x?a=1&b=<c>|d e",
            )
        ]
    )

    one_line = HOSTILE.replace("\n", " ")
    slack = slack_attachment(http_sink)
    escaped = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    lines = slack["text"].splitlines()
    assert lines[0] == f"En {escaped} falla."
    assert lines[1] == f"Valor: {escaped}"
    assert lines[2] == f"Servidor: {escaped}"
    assert "<https://mon1/x?a=1&amp;b=%3Cc%3E%7Cd%20e|Guía>" in lines[4]
    assert "<b>" not in slack["title"]
    assert "\n" not in slack["title"]

    mail = mail_sink.next()
    page, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert plain is not None
    assert "\n" not in mail["subject"]
    assert f"Valor: {one_line}" in plain.get_content().splitlines()
    content = page.get_content()
    assert "<b>" not in content
    assert html.unescape(re.findall(r"<td>([^<]*)</td>", content)[0]) == one_line

    message = sms(http_sink)["Message"]
    assert message.startswith("CRITICO a<b>&\"c\"/*d*_e_'f'(( desde ")
    assert is_basic(message)
    assert len(message) <= MAX_SMS


def test_names_that_are_too_long_are_cut_where_there_is_no_room(
    fast: Installation,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
) -> None:
    start(fast, alertmanager, tmp_path)
    host = "aplicación-" + "x" * 300

    alertmanager.post([firing(fast, "WhatsAppSystemDown", {"host": host, "health": "down"}, value="v" * 200)])

    slack = slack_attachment(http_sink)
    assert slack["title"].endswith(f"no saludable ({host[:64]})")
    assert f"Servidor: {host}\n" in slack["text"]
    assert len(mail_sink.next()["subject"]) < 200
    message = sms(http_sink)["Message"]
    assert re.fullmatch(
        r"CRITICO aplicacion-x{9} desde \d\d/\d\d \d\d:\d\d: Sistema de notificaciones WhatsApp no saludable"
        r" https://mon1/runbooks/es/WhatsAppSystemDown\.md",
        message,
    )
    assert len(message) <= MAX_SMS


def test_every_text_message_of_the_catalogue_keeps_its_end(fast: Installation) -> None:
    """Whatever the host, what is known beforehand fits behind what is known only when it is sent."""
    begin = len("CRITICAL ") + 20 + len(" desde 05/03 14:22 UTC: ")
    for alert in fast.alerts:
        for language in Language:
            text = firing(in_language(fast, language), alert.name, {})["annotations"].get("sms", "")
            assert begin + len(text) <= MAX_SMS, alert.name
            assert is_basic(text), alert.name


@pytest.mark.parametrize(
    ("labels", "texts", "title", "body"),
    [
        (
            {"alertname": "SomethingElse", "instance": "db1:9100"},
            {},
            "⚠️ ADVERTENCIA SomethingElse (db1:9100)",
            "alertname=SomethingElse instance=db1:9100 ",
        ),
        (
            {"alertname": "SomethingElse", "severity": "page"},
            {"message": "Sum\nthing."},
            "⚠️ ADVERTENCIA SomethingElse",
            "Sum thing.",
        ),
        (
            {"alertname": "SomethingElse", "severity": "info"},
            {"summary": "A summary", "description": "A description."},
            "ℹ️ INFO A summary",  # noqa: RUF001 - the manual's sign
            "A description.",
        ),
    ],
    ids=["labels only", "message", "summary and description"],
)
def test_alert_of_foreign_rules_is_readable(
    fast: Installation,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    tmp_path: Path,
    labels: dict[str, str],
    texts: dict[str, str],
    title: str,
    body: str,
) -> None:
    start(fast, alertmanager, tmp_path)

    alertmanager.post([posted(labels, texts)])

    slack = slack_attachment(http_sink)
    assert slack["title"] == title
    assert slack["title_link"] == "http://mon1:9090/graph?g0.expr=up"
    lines = slack["text"].splitlines()
    assert lines[0] == body
    assert lines[-1].startswith("Desde: ") or lines[-1] == ""
    assert "<no value>" not in slack["text"]


def test_foreign_alert_without_slack_is_readable_as_mail(
    fast: Installation, alertmanager: AlertmanagerProcess, mail_sink: MailSink, tmp_path: Path
) -> None:
    receivers = fast.overrides.receivers.model_copy(update={"slack": None})
    overrides = fast.overrides.model_copy(update={"receivers": receivers})
    start(dataclasses.replace(fast, overrides=overrides), alertmanager, tmp_path)

    alertmanager.post([posted({"alertname": "SomethingElse", "instance": "db1:9100"}, {})])

    mail = mail_sink.next()
    page, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert page is not None
    assert plain is not None
    assert mail["subject"] == "[ADVERTENCIA] WhatsApp Notifications - SomethingElse (db1:9100)"
    assert "alertname=SomethingElse instance=db1:9100" in plain.get_content()
    assert "<p>alertname=SomethingElse instance=db1:9100 </p>" in page.get_content()
    assert "href" not in page.get_content()
