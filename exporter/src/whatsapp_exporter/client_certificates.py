"""Which of the verified client certificates are let in: by their subject alternative names."""

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address

logger = logging.getLogger(__name__)

_COMPARED = frozenset({"DNS", "IP Address", "email", "URI"})


class ClientVerifyingContext(ssl.SSLContext):
    """A server's context; `allowed_sans` are the names one of which a client's certificate must have.

    None: whatever the certificate authority signed is let in. `wall` gives Unix time.
    """

    allowed_sans: frozenset[str] | None = None
    wall: Callable[[], float] = staticmethod(time.time)


class VerifiedConnection(ssl.SSLObject):
    """A connection whose handshake fails when the client's certificate is not to be let in."""

    def do_handshake(self) -> None:
        """Shake hands. Raises ssl.SSLError, upon which the event loop closes the connection."""
        super().do_handshake()
        context, certificate = self.context, self.getpeercert() or {}
        if not isinstance(context, ClientVerifyingContext):
            return
        # OpenSSL looks at the dates when a session of TLS 1.2 begins, not when the client takes it up again.
        if self.session_reused and certificate and _ended(certificate, context.wall()):
            raise ssl.SSLCertVerificationError(1, "the client's certificate has expired")
        allowed = context.allowed_sans
        if allowed is not None and not allowed & subject_alternative_names(certificate):
            logger.info("a client was refused: its certificate has none of client_allowed_sans")
            raise ssl.SSLCertVerificationError(1, "the client's certificate has none of the allowed names")


ClientVerifyingContext.sslobject_class = VerifiedConnection


def subject_alternative_names(certificate: Mapping[str, object]) -> frozenset[str]:
    """Return the DNS names, addresses, e-mail addresses and URIs of what `getpeercert()` gave.

    Addresses are written as Go writes them, e.g. `2001:db8::1`.
    """
    entries = certificate.get("subjectAltName", ())
    if not isinstance(entries, tuple):
        return frozenset()
    return frozenset(
        _go_address(value) if kind == "IP Address" else value for kind, value in entries if kind in _COMPARED
    )


def _go_address(text: str) -> str:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _ended(certificate: Mapping[str, object], now: float) -> bool:
    return ssl.cert_time_to_seconds(str(certificate["notAfter"])) < now
