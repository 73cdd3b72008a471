"""Plain-text e-mail through the configured SMTP server."""

import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from whatsapp_service.ops.errors import PermanentError, TransientError
from whatsapp_service.ops.texts import Texts

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and as whom to send; without `user` no login is tried."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)


def send_mail(
    server: MailServer, subject: str, body: str, *, sent_at: datetime, tls: ssl.SSLContext, texts: Texts
) -> None:
    """Send one message, over STARTTLS whenever the server offers it.

    Raises:
        PermanentError: the server refuses the message or the login, or offers no TLS for a password.
        TransientError: the server cannot be reached, or asks to try later.
    """
    message = EmailMessage()
    message["From"], message["To"] = server.sender, ", ".join(server.recipients)
    message["Subject"], message["Date"] = subject, format_datetime(sent_at)
    message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2] or None)
    message.set_content(body)
    try:
        with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS) as smtp:
            smtp.ehlo()
            encrypted = smtp.has_extn("starttls")
            if encrypted:
                smtp.starttls(context=tls)
                smtp.ehlo()
            if server.user:
                if not encrypted:
                    raise PermanentError(texts("mail_plain_password"))
                smtp.login(server.user, server.password)
            smtp.send_message(message)
    except smtplib.SMTPResponseException as error:
        # The server's own words may repeat addresses; the code says enough.
        kind = PermanentError if error.smtp_code >= 500 else TransientError
        raise kind(texts("mail_failed", detail=f"SMTP {error.smtp_code}")) from None
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError(texts("mail_failed", detail=type(error).__name__)) from None
