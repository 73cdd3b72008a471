"""TLS with a certificate that is renewed while the server runs."""

import logging
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from whatsapp_exporter.tls import RenewingTls

Certificate = tuple[Path, Path]


def shown_certificate(server: ssl.SSLContext) -> bytes:
    """Shake hands once over loopback; give the certificate that the server showed (DER)."""
    client = ssl.create_default_context()
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    near, far = socket.socketpair()
    near.settimeout(10)
    far.settimeout(10)

    def serve() -> None:
        with server.wrap_socket(far, server_side=True) as connection:
            connection.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(near) as connection:
        shown = connection.getpeercert(binary_form=True)
        connection.sendall(b"x")
    thread.join(10)
    assert shown is not None
    return shown


def in_file(path: Path) -> bytes:
    """The certificate in a PEM file (DER)."""
    return ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii"))


def test_renewed_certificate_is_shown_at_the_next_connection(
    certificate: Certificate, renew_certificate: Callable[[], Certificate], caplog: pytest.LogCaptureFixture
) -> None:
    tls = RenewingTls(*certificate, ssl.TLSVersion.TLSv1_2)
    first = shown_certificate(tls.context)
    assert first == in_file(certificate[0])
    renew_certificate()
    with caplog.at_level(logging.INFO):
        second = shown_certificate(tls.context)
        third = shown_certificate(tls.context)
    assert second == third == in_file(certificate[0])
    assert second != first
    assert [record.getMessage() for record in caplog.records] == ["the TLS certificate was read again"]


def test_unusable_certificate_leaves_the_last_one(
    certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    tls = RenewingTls(*certificate, ssl.TLSVersion.TLSv1_2)
    first = shown_certificate(tls.context)
    certificate[0].write_text("half of it", encoding="ascii")
    assert shown_certificate(tls.context) == first
    certificate[1].unlink()
    assert shown_certificate(tls.context) == first
    assert "the last one stays" in caplog.text


@pytest.mark.parametrize("minimum", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_minimum_version(certificate: Certificate, minimum: ssl.TLSVersion) -> None:
    assert RenewingTls(*certificate, minimum).context.minimum_version == minimum


def test_absent_certificate(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RenewingTls(tmp_path / "none.crt", tmp_path / "none.key", ssl.TLSVersion.TLSv1_2)
