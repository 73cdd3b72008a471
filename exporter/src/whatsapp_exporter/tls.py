"""The server's TLS contexts, renewed without a restart."""

import logging
import os
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from whatsapp_exporter.cipher_suites import OPENSSL_CIPHERS, OPENSSL_CURVES
from whatsapp_exporter.client_certificates import ClientVerifyingContext
from whatsapp_exporter.file_watch import FileWatch
from whatsapp_exporter.tls_config import ClientAuthType, TlsServerConfig
from whatsapp_exporter.world_readable import WorldReadableWarning

logger = logging.getLogger(__name__)

MAX_PEM_BYTES = 1_000_000

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(rb"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----")
_ENCRYPTED = re.compile(rb"BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED")
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_VERIFY_MODES = {
    ClientAuthType.NO_CLIENT_CERT: ssl.CERT_NONE,
    ClientAuthType.VERIFY_IF_GIVEN: ssl.CERT_OPTIONAL,
    ClientAuthType.REQUIRE_AND_VERIFY: ssl.CERT_REQUIRED,
}


class TlsFileError(OSError):
    """A certificate, key or CA that cannot be used. The text names the key and the reason, no content."""


def create_context(tls: TlsServerConfig) -> ssl.SSLContext:
    """Read the files and return a server's context. Raises TlsFileError."""
    context = ClientVerifyingContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not tls.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.cipher_suites:
        context.set_ciphers(":".join(OPENSSL_CIPHERS[name] for name in tls.cipher_suites))
    if tls.curve_preferences:
        context.set_ecdh_curve(OPENSSL_CURVES[tls.curve_preferences[0]])
    context.set_alpn_protocols(["http/1.1"])
    _load_chain(context, tls)
    if tls.client_auth_type is not ClientAuthType.NO_CLIENT_CERT:
        _verify_clients(context, tls)
    return context


class RenewingTls:
    """Gives the context of the settings that are in force, with the files as they are now.

    Settings or files that cannot be used (half of a file written, say) are logged once, and the last good
    context stays. `monotonic` gives seconds. Raises TlsFileError when there is no good one to begin with.
    """

    def __init__(self, tls: TlsServerConfig, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._watch = FileWatch(monotonic)
        self._warning = WorldReadableWarning()
        self._tls = tls
        self._context = self._read(tls)

    def newest(self, tls: TlsServerConfig) -> ssl.SSLContext:
        """Return the context for a connection that begins now."""
        if tls != self._tls or self._watch.changed():
            try:
                self.renew(tls)
            except TlsFileError as error:
                logger.warning("TLS cannot be renewed, what was in force stays: %s", error)
            else:
                logger.info("TLS was renewed")
        return self._context

    def renew(self, tls: TlsServerConfig) -> None:
        """Read the files now. Raises TlsFileError; then what was in force stays."""
        self._tls = tls
        self._context = self._read(tls)

    def _read(self, tls: TlsServerConfig) -> ssl.SSLContext:
        self._watch.begin(tls.files)
        if tls.key_file is not None:
            self._warning.look_at(tls.key_file)
        return create_context(tls)


class RenewingContext(ssl.SSLContext):
    """What a server is given once: each connection is made by the context that `newest` gives then.

    asyncio and uvloop call `wrap_bio` for every connection.
    """

    _newest: Callable[[], ssl.SSLContext]

    def __new__(cls, newest: Callable[[], ssl.SSLContext]) -> Self:
        """Return a context without a certificate of its own."""
        context = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        context._newest = newest
        return context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Return the connection's TLS."""
        return self._newest().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def _load_chain(context: ssl.SSLContext, tls: TlsServerConfig) -> None:
    certificate = _pem("cert", tls.cert, tls.cert_file)
    key = _pem("key", None if tls.key is None else tls.key.get_secret_value(), tls.key_file)
    cert_name = "cert" if tls.cert_file is None else f"cert_file: {tls.cert_file}"
    key_name = "key" if tls.key_file is None else f"key_file: {tls.key_file}"
    if not _CERTIFICATE.search(certificate):
        raise TlsFileError(f"{cert_name}: holds no certificate in PEM")
    if _ENCRYPTED.search(key):
        raise TlsFileError(f"{key_name}: the key has a passphrase, which nobody is there to enter")
    if not _PRIVATE_KEY.search(key):
        raise TlsFileError(f"{key_name}: holds no private key in PEM")
    try:
        with _named(certificate) as certificate_path, _named(key) as key_path:
            context.load_cert_chain(certificate_path, key_path, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsFileError(f"{key_name}: is not the certificate's key") from None
        raise TlsFileError(f"{cert_name}, {key_name}: not usable ({error.reason or 'not valid'})") from None


def _verify_clients(context: ClientVerifyingContext, tls: TlsServerConfig) -> None:
    name = "client_ca" if tls.client_ca_file is None else f"client_ca_file: {tls.client_ca_file}"
    certificates = _CERTIFICATE.findall(_pem("client_ca", tls.client_ca, tls.client_ca_file))
    if not certificates:
        raise TlsFileError(f"{name}: holds no certificate in PEM")
    try:
        context.load_verify_locations(cadata=b"\n".join(certificates).decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise TlsFileError(f"{name}: holds a certificate that is not valid") from None
    context.verify_mode = _VERIFY_MODES[tls.client_auth_type]
    # As Go: each certificate of the file is trusted by itself, an intermediate one too.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # A client that resumed a session of TLS 1.3 would not be verified again.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    if tls.client_allowed_sans is not None:
        context.allowed_sans = frozenset(tls.client_allowed_sans)


def _pem(name: str, text: str | None, path: Path | None) -> bytes:
    if path is None:
        return (text or "").encode()
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PEM_BYTES + 1)
    except OSError as error:
        raise TlsFileError(f"{name}_file: {path}: {error.strerror or 'cannot be read'}") from error
    if len(content) > MAX_PEM_BYTES:
        raise TlsFileError(f"{name}_file: {path}: larger than {MAX_PEM_BYTES} bytes")
    return content


@contextmanager
def _named(content: bytes) -> Iterator[str]:
    """Give a path to the content, which stays in memory: OpenSSL's chain is loaded from paths only."""
    descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
