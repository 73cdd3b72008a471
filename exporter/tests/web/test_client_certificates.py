"""Which clients are let in by their certificates, over real TLS."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from whatsapp_exporter.client_certificates import ClientVerifyingContext, subject_alternative_names

from .authority import Authority, Pair
from .exporter_server import REFUSED, WebFile, answer, running

Loop = Callable[[], asyncio.AbstractEventLoop]

CLIENTS = ("none", "good", "foreign", "expired", "server's")
LET_IN = {
    "NoClientCert": set(CLIENTS),
    "VerifyClientCertIfGiven": {"none", "good"},
    "RequireAndVerifyClientCert": {"good"},
}
SANS: tuple[x509.GeneralName, ...] = (
    x509.DNSName("prometheus.example"),
    x509.IPAddress(ip_address("192.0.2.7")),
    x509.IPAddress(ip_address("2001:db8::7")),
    x509.RFC822Name("ops@example.org"),
    x509.UniformResourceIdentifier("spiffe://example.org/prometheus"),
)


def settings(authority: Authority, kind: str, **more: object) -> dict[str, object]:
    """A web configuration with client certificates."""
    tls: dict[str, object] = {
        "cert_file": "server.crt",
        "key_file": "server.key",
        "client_auth_type": kind,
        **more,
    }
    if kind != "NoClientCert":
        tls["client_ca_file"] = authority.certificate.name
    return {"tls_server_config": tls}


@pytest.fixture
def clients(authority: Authority, tmp_path: Path) -> dict[str, Pair | None]:
    """A certificate of each kind."""
    return {
        "none": None,
        "good": authority.issue("good", sans=SANS),
        "foreign": Authority(tmp_path, "other").issue("foreign", sans=SANS),
        "expired": authority.issue("expired", sans=SANS, lasts=-timedelta(minutes=1)),
        "server's": authority.issue("not-a-client", usage=ExtendedKeyUsageOID.SERVER_AUTH),
    }


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("kind", LET_IN)
@pytest.mark.parametrize("highest", ["TLS12", "TLS13"])
def test_who_is_let_in(
    authority: Authority,
    clients: dict[str, Pair | None],
    tmp_path: Path,
    loop: Loop,
    kind: str,
    highest: str,
) -> None:
    web = WebFile(tmp_path / "web.yml", settings(authority, kind, max_version=highest))
    let_in = set()
    with running(web.watcher, authority.certificate, loop) as exporter:
        for name in CLIENTS:
            if name in LET_IN[kind]:
                assert exporter.page(clients[name]) == "the page"
                let_in.add(name)
            else:
                with pytest.raises(REFUSED):
                    exporter.page(clients[name])
    assert exporter.requests == len(let_in)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("allowed", "let_in"),
    [
        ("prometheus.example", True),
        ("192.0.2.7", True),
        ("2001:db8::7", True),
        ("ops@example.org", True),
        ("spiffe://example.org/prometheus", True),
        ("Prometheus.example", False),
        ("*.example", False),
        ("example", False),
        ("good", False),  # the subject's common name is no alternative name
    ],
)
def test_names(
    authority: Authority,
    clients: dict[str, Pair | None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    allowed: str,
    let_in: bool,
) -> None:
    content = settings(
        authority, "RequireAndVerifyClientCert", client_allowed_sans=["other.example", allowed]
    )
    web = WebFile(tmp_path / "web.yml", content)
    with caplog.at_level(logging.INFO), running(web.watcher, authority.certificate) as exporter:
        if let_in:
            assert exporter.page(clients["good"]) == "the page"
        else:
            with pytest.raises(REFUSED):
                exporter.page(clients["good"])
        with pytest.raises(REFUSED):
            exporter.page(authority.issue("nameless"))
    assert exporter.requests == let_in
    assert "none of client_allowed_sans" in caplog.text
    assert "example" not in caplog.text


@pytest.mark.usefixtures("server")
def test_names_with_uvloop_too(
    authority: Authority, clients: dict[str, Pair | None], tmp_path: Path, loop: Loop
) -> None:
    content = settings(authority, "RequireAndVerifyClientCert", client_allowed_sans=["ops@example.org"])
    web = WebFile(tmp_path / "web.yml", content)
    with running(web.watcher, authority.certificate, loop) as exporter:
        assert exporter.page(clients["good"]) == "the page"
        with pytest.raises(REFUSED):
            exporter.page(authority.issue("nameless"))
    assert exporter.requests == 1


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("highest", "resumes"), [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, False)]
)
def test_expired_client_resumes_no_session(
    authority: Authority,
    clients: dict[str, Pair | None],
    tmp_path: Path,
    highest: ssl.TLSVersion,
    resumes: bool,
) -> None:
    web = WebFile(tmp_path / "web.yml", settings(authority, "RequireAndVerifyClientCert"))
    server_context = web.watcher.tls_context()
    assert isinstance(server_context, ClientVerifyingContext)
    client = clients["good"]
    assert client is not None
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(client.certificate, client.key)
    context.maximum_version = highest
    session, resumed = None, []
    with running(web.watcher, authority.certificate) as exporter:
        for _ in range(2):
            with exporter.wrapped(context, session) as connection:
                assert answer(connection) == "the page"
                session = connection.session
                resumed.append(connection.session_reused)
        assert resumed == [False, resumes]
        if resumes:
            server_context.wall = lambda: time.time() + 7200
            with pytest.raises(REFUSED), exporter.wrapped(context, session) as connection:
                answer(connection)
    assert exporter.requests == 2


def test_mapped_address_is_written_as_go_writes_it() -> None:
    names = subject_alternative_names(
        {"subjectAltName": (("IP Address", "0:0:0:0:0:FFFF:C000:207"), ("DNS", "a"), ("DirName", "b"))}
    )
    assert names == {"192.0.2.7", "a"}
    assert subject_alternative_names({}) == frozenset()
