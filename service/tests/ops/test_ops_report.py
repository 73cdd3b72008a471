"""The daily report: sections, file, e-mail, record."""

import os
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import orjson
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from whatsapp_service.ops.errors import PermanentError, TransientError
from whatsapp_service.ops.mail import MailServer, send_mail
from whatsapp_service.ops.texts import Texts

from .certificates import make_certificate
from .conftest import NOW, Installation

FIXTURE_LINES: tuple[dict[str, object], ...] = (
    {"level": "ERROR", "message": "Graph request failed", "context": {"whatsapp_error_code": 131026}},
    {"level": "ERROR", "message": "Graph request failed", "context": {"whatsapp_error_code": 131026}},
    {"level": "ERROR", "message": "webhook of +51987654321 failed", "context": {}},
    {"message": "request", "context": {"endpoint": "POST /api/notifications", "duration_ms": 100}},
    {"message": "request", "context": {"endpoint": "POST /api/notifications", "duration_ms": 200}},
    {"message": "Notification sent successfully", "context": {"empresa_id": 1}},
)


def _write_logs(installation: Installation) -> None:
    lines = [
        {"timestamp": "2025-01-23T07:30:00.000Z", "level": "INFO", "logger": "whatsapp", **line}
        for line in FIXTURE_LINES
    ]
    (installation.logs / "api.log").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def test_the_report_has_the_manuals_sections_and_figures(filled: Installation) -> None:
    _write_logs(filled)

    result = filled.run("report")

    assert result.code == 0, result.err
    path = filled.logs / "reports" / "daily_report_20250123_030000.txt"
    assert f"Reporte generado: {path}" in result.out
    text = path.read_text(encoding="utf-8")
    for expected in (
        "=== ANÁLISIS DE ERRORES - ÚLTIMAS 24 HORAS ===",
        "Top 10 Errores:\n      2 Graph request failed\n      1 webhook of [number] failed\n",
        "Errores WhatsApp API:\n      2 131026\n",
        "=== ANÁLISIS DE PERFORMANCE ===",
        "POST /api/notifications",
        "150.0 ms",
        "=== ANÁLISIS DE USO ===",
        "2025-01-23T02: 2 requests",
        "Top 10 empresas por notificaciones enviadas:\n      1 1 Constructora Uno\n",
        "2025-01-23: 7 en total, 3 enviadas, 2 entregadas, 1 leídas, 1 errores",
    ):
        assert expected in text
    assert "987654321" not in text


def test_the_same_report_in_english_and_as_json(filled: Installation) -> None:
    _write_logs(filled)
    filled.environ["OPS_LANGUAGE"] = "en"
    output = filled.root / "report.txt"

    result = filled.run("report", "--output", str(output), "--json")

    assert "=== ERRORS - LAST 24 HOURS ===" in output.read_text(encoding="utf-8")
    logs = result.json()["logs"]
    assert isinstance(logs, dict)
    assert logs["errors"][0] == ["Graph request failed", 2]
    assert logs["endpoints"] == [{"endpoint": "POST /api/notifications", "requests": 2, "mean_ms": 150.0}]


def test_without_logs_the_companies_come_from_the_daily_metrics(filled: Installation) -> None:
    del filled.environ["LOG_DIR"]

    result = filled.run("report")

    assert result.code == 0
    assert "LOG_DIR no está definido" in result.err
    assert "      3 1 Constructora Uno" in result.out


def test_the_window_is_as_long_as_asked(filled: Installation) -> None:
    _write_logs(filled)

    later = filled.run("report", "--hours", "2", "--json", now=NOW + timedelta(hours=3))

    logs = later.json()["logs"]
    assert isinstance(logs, dict)
    assert logs["errors"] == []


@pytest.mark.parametrize("hours", ["0", "169", "x", "-1"])
def test_a_wrong_window_is_a_usage_error(filled: Installation, hours: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        filled.run("report", "--hours", hours)

    assert exit_.value.code == 2


def test_reports_are_kept_thirty_days(filled: Installation) -> None:
    filled.run("report")
    path = filled.logs / "reports" / "daily_report_20250123_030000.txt"
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))

    filled.run("report", now=NOW + timedelta(days=29))
    kept = path.exists()
    filled.run("report", now=NOW + timedelta(days=31))

    assert kept
    assert not path.exists()


def test_the_run_is_recorded(filled: Installation) -> None:
    filled.run("report")

    assert filled.maintenance() == [("DAILY_REPORT", "ok")]
    assert filled.metrics("report")["whatsapp_job_success"] == 1.0


class _Mailbox:
    """Keeps what a real SMTP server accepts."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.over_tls: list[bool] = []
        self.users: list[str | None] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        message = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]  # bytes without decode_data
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.over_tls.append(session.ssl is not None)
        return self.answer


@pytest.fixture
def mailbox() -> _Mailbox:
    return _Mailbox()


@pytest.fixture
def plain_smtp(mailbox: _Mailbox) -> Iterator[Controller]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def tls_smtp(mailbox: _Mailbox, tmp_path: Path) -> Iterator[tuple[Controller, ssl.SSLContext]]:
    certificate, key = make_certificate(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)

    def authenticate(
        _server: object, _session: object, _envelope: object, _how: object, data: object
    ) -> AuthResult:
        login, password = getattr(data, "login", b""), getattr(data, "password", b"")
        return AuthResult(success=(login, password) == (b"ops", b"correct"), handled=False)

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=_free_port(),
        tls_context=serving,
        require_starttls=True,
        authenticator=authenticate,
    )
    controller.start()
    yield controller, ssl.create_default_context(cafile=str(certificate))
    controller.stop()


def test_the_report_is_mailed_when_a_server_is_set(
    filled: Installation, plain_smtp: Controller, mailbox: _Mailbox
) -> None:
    _write_logs(filled)
    _use(filled, plain_smtp)

    result = filled.run("report")

    assert result.code == 0, result.err
    [message] = mailbox.messages
    assert message["Subject"] == "WhatsApp Notifications - Reporte Diario 2025-01-23"
    assert message["To"] == "admin@empresa.com, ops-team@empresa.com"
    assert "=== ANÁLISIS DE ERRORES" in message.get_content()


def test_no_email_when_not_wanted(filled: Installation, plain_smtp: Controller, mailbox: _Mailbox) -> None:
    _use(filled, plain_smtp)

    result = filled.run("report", "--no-email")

    assert result.code == 0
    assert mailbox.messages == []


def test_a_report_that_cannot_be_mailed_is_a_failed_run_and_still_on_disk(filled: Installation) -> None:
    filled.environ.update(
        SMTP_HOST="127.0.0.1", SMTP_PORT=str(_free_port()), SMTP_FROM="a@empresa.com", SMTP_TO="b@empresa.com"
    )

    result = filled.run("report")

    assert result.code == 1
    assert "el correo no se pudo enviar" in result.err
    assert filled.metrics("report")["whatsapp_job_success"] == 0.0
    assert (filled.logs / "reports" / "daily_report_20250123_030000.txt").exists()


def test_a_server_without_recipients_is_a_wrong_setting(filled: Installation) -> None:
    filled.environ["SMTP_HOST"] = "127.0.0.1"

    result = filled.run("report")

    assert result.code == 2
    assert "SMTP_FROM" in result.err


def _send(server: MailServer, tls: ssl.SSLContext) -> None:
    send_mail(server, "Asunto", "Cuerpo ñ\n", sent_at=NOW, tls=tls, texts=Texts("en"))


def _server(controller: Controller, **fields: str) -> MailServer:
    return MailServer("localhost", controller.port, "a@empresa.com", ("b@empresa.com",), **fields)


def test_mail_goes_over_tls_with_a_login(
    tls_smtp: tuple[Controller, ssl.SSLContext], mailbox: _Mailbox
) -> None:
    controller, tls = tls_smtp

    _send(_server(controller, user="ops", password="correct"), tls)

    assert mailbox.over_tls == [True]
    assert mailbox.messages[0].get_content().splitlines() == ["Cuerpo ñ"]


def test_a_server_that_nobody_vouches_for_gets_nothing(
    tls_smtp: tuple[Controller, ssl.SSLContext], mailbox: _Mailbox
) -> None:
    with pytest.raises(TransientError, match="SSLCertVerificationError"):
        _send(_server(tls_smtp[0]), ssl.create_default_context())

    assert mailbox.messages == []


def test_a_refused_login_is_permanent_and_tells_no_password(
    tls_smtp: tuple[Controller, ssl.SSLContext],
) -> None:
    controller, tls = tls_smtp

    with pytest.raises(PermanentError, match="SMTP 535") as error:
        _send(_server(controller, user="ops", password="wrong-one"), tls)

    assert "wrong-one" not in str(error.value) + repr(_server(controller, password="wrong-one"))


def test_a_password_is_never_sent_in_the_clear(plain_smtp: Controller, mailbox: _Mailbox) -> None:
    with pytest.raises(PermanentError, match="STARTTLS"):
        _send(_server(plain_smtp, user="ops", password="correct"), ssl.create_default_context())

    assert mailbox.messages == []


@pytest.mark.parametrize(("answer", "kind"), [("451 later", TransientError), ("550 refused", PermanentError)])
def test_a_refusal_is_temporary_or_permanent_as_the_server_says(
    plain_smtp: Controller, mailbox: _Mailbox, answer: str, kind: type[Exception]
) -> None:
    mailbox.answer = answer

    with pytest.raises(kind, match=f"SMTP {answer[:3]}"):
        _send(_server(plain_smtp), ssl.create_default_context())


def _use(installation: Installation, controller: Controller) -> None:
    installation.environ.update(
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=str(controller.port),
        SMTP_FROM="whatsapp@empresa.com",
        SMTP_TO="admin@empresa.com, ops-team@empresa.com",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
