"""Slack sink, heartbeat receiver and SMTP server of the inbox."""

import asyncio
import base64
import smtplib
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from starlette.applications import Starlette
from whatsapp_world.clock import Clock
from whatsapp_world.http_server import Endpoint
from whatsapp_world.inbox.app import Inbox, build_app
from whatsapp_world.inbox.mail import SmtpSettings

Serve = Callable[..., AbstractAsyncContextManager[str]]
CLEAR = SmtpSettings(port=0)


class MovableClock(Clock, Protocol):
    def advance(self, seconds: float) -> None: ...


class Certificate(Protocol):
    @property
    def cert(self) -> Path: ...
    @property
    def key(self) -> Path: ...


@pytest.fixture
def inbox(clock: MovableClock) -> Inbox:
    return Inbox(clock)


def smtp_port(app: Starlette) -> int:
    port: int = app.state.smtp_server.sockets[0].getsockname()[1]
    return port


def mail(subject: str = "Reporte diario") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ops@example.com", "admin@example.com", subject
    message.set_content("Enviadas: 10, según lo previsto: todo bien\n")
    message.add_alternative("<p>Enviadas: <b>10</b></p>", subtype="html")
    return message


async def test_slack_messages_are_kept(serve: Serve, inbox: Inbox, client: httpx.AsyncClient) -> None:
    async with serve(build_app(inbox, CLEAR, None)) as url:
        answers = [
            await client.post(f"{url}/slack/services/T0/B0/x", json=payload)
            for payload in (
                {"text": "hola"},
                {"attachments": [{"text": "a"}]},
                {"blocks": [{"type": "divider"}]},
            )
        ]
        page = (await client.get(f"{url}/_lab/slack?limit=2")).json()

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "ok")] * 3
    assert answers[0].headers["content-type"].startswith("text/plain")
    assert page["total"] == 3
    assert [item["payload"] for item in page["items"]] == [
        {"attachments": [{"text": "a"}]},
        {"blocks": [{"type": "divider"}]},
    ]
    assert page["items"][0]["path"] == "/slack/services/T0/B0/x"
    assert page["items"][0]["received_at"] == "2025-01-23T14:30:00.000Z"


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (b"nonsense", 400, "invalid_payload"),
        (b"[1]", 400, "invalid_payload"),
        (b"{}", 400, "no_text"),
        (b'{"text": ""}', 400, "no_text"),
        (b" " * (256 * 1024 + 1), 413, "too_large"),
    ],
)
async def test_slack_refuses_other_payloads(
    serve: Serve, inbox: Inbox, client: httpx.AsyncClient, content: bytes, status: int, text: str
) -> None:
    async with serve(build_app(inbox, CLEAR, None)) as url:
        answer = await client.post(f"{url}/slack/x", content=content)
        total = (await client.get(f"{url}/_lab/slack")).json()["total"]

    assert (answer.status_code, answer.text, total) == (status, text, 0)


async def test_heartbeat_tells_its_age(
    serve: Serve, inbox: Inbox, client: httpx.AsyncClient, clock: MovableClock
) -> None:
    async with serve(build_app(inbox, CLEAR, None)) as url:
        before = (await client.get(f"{url}/_lab/heartbeat")).json()
        await client.post(f"{url}/heartbeat", json={"alerts": []})
        clock.advance(42)
        after = (await client.get(f"{url}/_lab/heartbeat")).json()
        emptied = await client.delete(f"{url}/_lab/messages")
        empty = (await client.get(f"{url}/_lab/heartbeat")).json()

    assert before == {
        "last_received_at": None,
        "count": 0,
        "age_seconds": None,
        "grace_seconds": 300.0,
        "alarms": [],
        "items": [],
        "total": 0,
    }
    assert (after["count"], after["age_seconds"]) == (1, 42.0)
    assert after["last_received_at"] == "2025-01-23T14:30:00.000Z"
    assert emptied.status_code == 204
    assert empty == before


async def test_mail_arrives_by_starttls_with_authentication(
    serve: Serve, inbox: Inbox, certificate: Certificate
) -> None:
    settings = SmtpSettings(port=0, user="alertmanager", password="clave", require_starttls=True)
    endpoint = Endpoint(tls_cert=certificate.cert, tls_key=certificate.key)
    app = build_app(inbox, settings, endpoint.tls_context())
    trust = ssl.create_default_context(cafile=str(certificate.cert))

    def deliver(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            smtp.starttls(context=trust)
            smtp.login("alertmanager", "clave")
            smtp.send_message(mail())

    async with (
        serve(app, endpoint) as url,
        httpx.AsyncClient(verify=trust, trust_env=False) as client,
    ):
        await asyncio.to_thread(deliver, smtp_port(app))
        page = (await client.get(f"{url}/_lab/mail")).json()

    assert url.startswith("https://")
    assert page["total"] == 1
    assert page["items"][0] == {
        "received_at": "2025-01-23T14:30:00.000Z",
        "from": "ops@example.com",
        "to": ["admin@example.com"],
        "subject": "Reporte diario",
        "text": "Enviadas: 10, según lo previsto: todo bien\n",
        "html": "<p>Enviadas: <b>10</b></p>\n",
    }


async def test_auth_login_prompts_as_postfix_does(
    serve: Serve, inbox: Inbox, certificate: Certificate
) -> None:
    settings = SmtpSettings(port=0, user="alertmanager", password="clave")
    endpoint = Endpoint(tls_cert=certificate.cert, tls_key=certificate.key)
    app = build_app(inbox, settings, endpoint.tls_context())
    trust = ssl.create_default_context(cafile=str(certificate.cert))

    def log_in(port: int) -> list[tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            smtp.starttls(context=trust)
            smtp.ehlo()
            lines = ("AUTH LOGIN", base64.b64encode(b"alertmanager"), base64.b64encode(b"clave"))
            return [smtp.docmd(line if isinstance(line, str) else line.decode()) for line in lines]

    async with serve(app, endpoint):
        answers = await asyncio.to_thread(log_in, smtp_port(app))

    assert [code for code, _ in answers] == [334, 334, 235]
    assert [base64.b64decode(prompt) for _, prompt in answers[:2]] == [b"Username:", b"Password:"]


async def test_mail_in_the_clear_or_with_a_wrong_password_is_refused(
    serve: Serve, inbox: Inbox, certificate: Certificate
) -> None:
    settings = SmtpSettings(port=0, user="alertmanager", password="clave", require_starttls=True)
    endpoint = Endpoint(tls_cert=certificate.cert, tls_key=certificate.key)
    app = build_app(inbox, settings, endpoint.tls_context())
    trust = ssl.create_default_context(cafile=str(certificate.cert))

    def deliver(port: int) -> list[int]:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            smtp.ehlo()
            in_clear, _ = smtp.mail("ops@example.com")
            smtp.starttls(context=trust)
            smtp.ehlo()
            unauthenticated, _ = smtp.mail("ops@example.com")
            with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
                smtp.login("alertmanager", "otra")
            return [in_clear, unauthenticated, refusal.value.smtp_code]

    async with serve(app, endpoint):
        codes = await asyncio.to_thread(deliver, smtp_port(app))

    assert codes == [530, 530, 535]
    assert inbox.mail.total == 0


async def test_mail_in_the_clear_is_taken_by_default(serve: Serve, inbox: Inbox) -> None:
    app = build_app(inbox, CLEAR, None)

    def deliver(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            smtp.sendmail(
                "a@example.com", ["b@example.com"], b"Content-Type: text/plain; charset=nope\r\n\r\nx"
            )

    async with serve(app):
        await asyncio.to_thread(deliver, smtp_port(app))

    page = inbox.mail.page(10)
    assert page["total"] == 1


async def test_an_idle_client_does_not_stop_tls(serve: Serve, inbox: Inbox, certificate: Certificate) -> None:
    endpoint = Endpoint(tls_cert=certificate.cert, tls_key=certificate.key)
    trust = ssl.create_default_context(cafile=str(certificate.cert))
    async with (
        serve(build_app(inbox, CLEAR, endpoint.tls_context()), endpoint) as url,
        httpx.AsyncClient(verify=trust, trust_env=False) as client,
    ):
        _, idle = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        answer = await client.get(f"{url}/_lab/slack")
        idle.close()
        await idle.wait_closed()

    assert answer.json() == {"items": [], "total": 0}
