"""A real SMTP server that keeps what it is given."""

import asyncio
import contextlib
import email.policy
import hmac
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from whatsapp_world.arrivals import Arrivals
from whatsapp_world.clock import Clock, iso_utc

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
IDLE_SECONDS = 60.0


@dataclass(frozen=True)
class SmtpSettings:
    """Where mail is taken, and what is asked of a sender.

    With a user, AUTH (PLAIN or LOGIN) is required; with ``require_starttls``, mail in the clear is refused.
    """

    host: str = "127.0.0.1"
    port: int = 2525
    user: str | None = None
    password: str | None = None
    require_starttls: bool = False


class PostfixLikeServer(SMTP):
    """aiosmtpd with the AUTH LOGIN prompts of Postfix: Go clients refuse aiosmtpd's own."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"


class MailBox:
    """aiosmtpd's handler: every accepted message becomes a record."""

    def __init__(self, arrivals: Arrivals, clock: Clock) -> None:
        self._arrivals = arrivals
        self._clock = clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a message."""
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=email.policy.default)
        self._arrivals.append(
            {
                "received_at": iso_utc(self._clock.now()),
                "from": envelope.mail_from,
                "to": list(envelope.rcpt_tos),
                "subject": str(message.get("Subject", "")),
                "text": _part(message, "plain"),
                "html": _part(message, "html"),
            }
        )
        return "250 OK"


def _part(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body(preferencelist=(subtype,))
    if part is None:
        return None
    try:
        content = part.get_content()
    except (LookupError, UnicodeError):  # a charset that nobody knows, or text that is not in it
        return None
    return content.replace("\r\n", "\n") if isinstance(content, str) else None


@contextlib.asynccontextmanager
async def smtp_server(
    settings: SmtpSettings, mailbox: MailBox, tls_context: ssl.SSLContext | None
) -> AsyncIterator[asyncio.Server]:
    """Take mail while the context lasts; STARTTLS is offered when there is a certificate.

    Raises OSError when the port cannot be listened on.
    """
    loop = asyncio.get_running_loop()

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, credentials: object
    ) -> AuthResult:
        known = (
            isinstance(credentials, LoginPassword)
            and settings.user is not None
            and settings.password is not None
            and hmac.compare_digest(credentials.login, settings.user.encode())
            and hmac.compare_digest(credentials.password, settings.password.encode())
        )
        return AuthResult(success=known, handled=False)

    def connection() -> SMTP:
        return PostfixLikeServer(
            mailbox,
            hostname="world",
            ident="ESMTP",
            data_size_limit=MAX_MESSAGE_BYTES,
            timeout=IDLE_SECONDS,
            tls_context=tls_context,
            require_starttls=settings.require_starttls and tls_context is not None,
            auth_required=settings.user is not None,
            auth_require_tls=tls_context is not None,
            authenticator=authenticate,
            loop=loop,
        )

    server = await loop.create_server(connection, settings.host, settings.port)
    try:
        yield server
    finally:
        server.close()
        if hasattr(server, "close_clients"):  # Python 3.13: wait_closed() waits for idle clients
            server.close_clients()
        await server.wait_closed()
