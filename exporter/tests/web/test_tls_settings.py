"""What the TLS settings do, seen from a client."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from .authority import Authority, Pair, pem
from .exporter_server import REFUSED, WebFile, running

TLS = {"cert_file": "server.crt", "key_file": "server.key"}
Prepare = Callable[[ssl.SSLContext], None]


def at_most_12(context: ssl.SSLContext) -> None:
    """A client that knows no TLS 1.3."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def at_least_13(context: ssl.SSLContext) -> None:
    """A client that knows TLS 1.3 only."""
    context.minimum_version = ssl.TLSVersion.TLSv1_3


def only_curve(name: str) -> Prepare:
    """A client that knows one curve."""
    return lambda context: context.set_ecdh_curve(name)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("settings", "prepare", "let_in"),
    [
        ({}, at_most_12, True),
        ({}, at_least_13, True),
        ({"min_version": "TLS13"}, at_most_12, False),
        ({"min_version": "TLS13"}, at_least_13, True),
        ({"max_version": "TLS12"}, at_most_12, True),
        ({"max_version": "TLS12"}, at_least_13, False),
        ({"curve_preferences": ["CurveP384"]}, only_curve("secp384r1"), True),
        ({"curve_preferences": ["CurveP384"]}, only_curve("X25519"), False),
        ({"curve_preferences": ["X25519"]}, only_curve("X25519"), True),
    ],
)
def test_versions_and_curves(
    authority: Authority, tmp_path: Path, settings: dict[str, object], prepare: Prepare, let_in: bool
) -> None:
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS | settings})
    with running(web.watcher, authority.certificate) as exporter:
        if let_in:
            exporter.connect(prepare=prepare).close()
        else:
            with pytest.raises(REFUSED):
                exporter.connect(prepare=prepare)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("prefers", "chosen"), [(True, "ECDHE-ECDSA-AES128-GCM-SHA256"), (False, "ECDHE-ECDSA-CHACHA20-POLY1305")]
)
def test_order_of_cipher_suites(authority: Authority, tmp_path: Path, prefers: bool, chosen: str) -> None:
    suites = [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ]
    settings = {"cipher_suites": suites, "prefer_server_cipher_suites": prefers}
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS | settings})

    def prepare(context: ssl.SSLContext) -> None:
        at_most_12(context)
        context.set_ciphers(
            "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256"
        )

    with running(web.watcher, authority.certificate) as exporter, exporter.connect(prepare=prepare) as found:
        cipher = found.cipher()
    assert cipher is not None
    assert cipher[0] == chosen


def test_clients_that_ask_for_http2_get_http1(server: Pair, authority: Authority, tmp_path: Path) -> None:
    assert server.certificate.exists()
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS, "http_server_config": {"http2": True}})

    def prepare(context: ssl.SSLContext) -> None:
        context.set_alpn_protocols(["h2", "http/1.1"])

    with running(web.watcher, authority.certificate) as exporter:
        with exporter.connect(prepare=prepare) as connection:
            assert connection.selected_alpn_protocol() == "http/1.1"
        assert exporter.page() == "the page"


def test_everything_in_the_file_itself(server: Pair, authority: Authority, tmp_path: Path) -> None:
    client = authority.issue("client")
    tls = {
        "cert": server.certificate.read_text(encoding="ascii"),
        "key": server.key.read_text(encoding="ascii"),
        "client_ca": f"# of the clients: señal\n{authority.certificate.read_text(encoding='ascii')}",
        "client_auth_type": "RequireAndVerifyClientCert",
    }
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": tls})
    server.key.unlink()
    with running(web.watcher, authority.certificate) as exporter:
        assert exporter.page(client) == "the page"
        with pytest.raises(REFUSED):
            exporter.page()
    assert "PRIVATE KEY" not in repr(web.watcher.current())


def test_rsa_key(authority: Authority, tmp_path: Path, issue_server: Callable[[], Pair]) -> None:
    issue_server()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    authority.issue("rsa", key=key)
    (tmp_path / "rsa.key").write_bytes(pem(key))
    suites = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
    settings = {"cert_file": "rsa.crt", "key_file": "rsa.key", "cipher_suites": suites}
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": settings})

    def prepare(context: ssl.SSLContext) -> None:
        at_most_12(context)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    with running(web.watcher, authority.certificate) as exporter, exporter.connect(prepare=prepare) as found:
        cipher = found.cipher()
    assert cipher is not None
    assert cipher[0] == "ECDHE-RSA-AES256-GCM-SHA384"
