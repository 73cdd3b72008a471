"""Certificates, authorities and settings that change while the server runs."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from whatsapp_exporter.server import ListenAddress, create_server
from whatsapp_exporter.tls import RenewingTls, TlsFileError
from whatsapp_exporter.tls_config import TlsServerConfig
from whatsapp_exporter.web_config_watcher import WebConfigWatcher
from whatsapp_exporter.yaml_file import ConfigError

from .authority import Authority, Pair
from .exporter_server import REFUSED, Clock, WebFile, running

Issue = Callable[[], Pair]
TLS = {"cert_file": "server.crt", "key_file": "server.key"}


def in_file(path: Path) -> bytes:
    """The certificate in a PEM file (DER)."""
    return ssl.PEM_cert_to_DER_cert(path.read_text(encoding="ascii"))


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the exporter logged."""
    return [entry.getMessage() for entry in caplog.records if entry.name.startswith("whatsapp_exporter")]


def test_renewed_certificate_is_shown_at_the_next_connection(
    issue_server: Issue,
    authority: Authority,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    server = issue_server()
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS})
    with caplog.at_level(logging.INFO), running(web.watcher, authority.certificate, loop) as exporter:
        first = exporter.shown()
        assert first == in_file(server.certificate)
        issue_server()
        assert exporter.shown() == first  # it looks once a second
        web.pass_time()
        second = exporter.shown()
        web.pass_time()
        assert second == exporter.shown() == in_file(server.certificate)
    assert second != first
    assert messages(caplog) == ["TLS was renewed"]


def test_unusable_certificate_leaves_the_last_one_and_is_told_once(
    issue_server: Issue, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = issue_server()
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS})
    with running(web.watcher, authority.certificate) as exporter:
        first = exporter.shown()
        server.certificate.write_text("half of it", encoding="ascii")
        for _ in range(3):
            web.pass_time()
            assert exporter.shown() == first
        server.key.unlink()
        for _ in range(3):
            web.pass_time()
            assert exporter.shown() == first
        issue_server()
        web.pass_time()
        assert exporter.shown() == in_file(server.certificate)
    told = messages(caplog)
    assert len(told) == 2
    assert "what was in force stays: cert_file: " in told[0]
    assert "server.crt: holds no certificate in PEM" in told[0]
    assert "server.key: No such file or directory" in told[1]


def test_renewed_authority_of_clients(server: Pair, authority: Authority, tmp_path: Path) -> None:
    assert server.certificate.exists()
    other = Authority(tmp_path, "other")
    old, new = authority.issue("old"), other.issue("new")
    trusted = tmp_path / "clients.crt"
    trusted.write_bytes(authority.certificate.read_bytes())
    tls = {**TLS, "client_ca_file": "clients.crt", "client_auth_type": "RequireAndVerifyClientCert"}
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": tls})
    with running(web.watcher, authority.certificate) as exporter:
        assert exporter.page(old) == "the page"
        with pytest.raises(REFUSED):
            exporter.page(new)
        trusted.write_bytes(authority.certificate.read_bytes() + other.certificate.read_bytes())
        web.pass_time()
        assert [exporter.page(old), exporter.page(new)] == ["the page"] * 2
        trusted.write_bytes(other.certificate.read_bytes())
        web.pass_time()
        assert exporter.page(new) == "the page"
        with pytest.raises(REFUSED):
            exporter.page(old)


def test_renewed_names_and_settings(server: Pair, authority: Authority, tmp_path: Path) -> None:
    assert server.certificate.exists()
    tls = {**TLS, "client_ca_file": "authority.crt", "client_auth_type": "RequireAndVerifyClientCert"}
    client = authority.issue("client", sans=[x509.DNSName("prometheus.example")])
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": tls | {"client_allowed_sans": ["other"]}})
    with running(web.watcher, authority.certificate) as exporter:
        with pytest.raises(REFUSED):
            exporter.page(client)
        web.change({"tls_server_config": tls | {"client_allowed_sans": ["prometheus.example"]}})
        assert exporter.page(client) == "the page"
        web.change({"tls_server_config": {**TLS, "max_version": "TLS12"}})
        with exporter.connect() as connection:
            assert connection.version() == "TLSv1.2"


def test_files_that_come_later_than_the_settings_that_name_them(
    server: Pair, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS})
    with running(web.watcher, authority.certificate) as exporter:
        web.change({"tls_server_config": {"cert_file": "new.crt", "key_file": "new.key"}})
        assert exporter.shown() == in_file(server.certificate)
        assert "new.crt: No such file or directory" in caplog.text
        (tmp_path / "new.key").write_bytes(server.key.read_bytes())
        (tmp_path / "new.crt").write_bytes(server.certificate.read_bytes())
        server.certificate.unlink()
        caplog.clear()
        web.pass_time()
        assert exporter.shown() == in_file(tmp_path / "new.crt")
    assert "No such file" not in caplog.text


def test_unusable_settings_leave_the_last_ones_and_are_told_once(
    server: Pair, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert server.certificate.exists()
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS})
    with running(web.watcher, authority.certificate) as exporter:
        for content in ({"tls_server_config": {**TLS, "ciphers": "x"}}, {}):
            caplog.clear()
            web.change(content)
            for _ in range(3):
                assert exporter.page() == "the page"
                web.pass_time()
            assert len(messages(caplog)) == 1
            assert "the last one stays" in caplog.text
    assert "to begin or end with TLS needs a restart" in caplog.text


def test_reload_reads_at_once_and_tells_why_not(
    issue_server: Issue, authority: Authority, tmp_path: Path
) -> None:
    server = issue_server()
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS})
    with running(web.watcher, authority.certificate) as exporter:
        first = exporter.shown()
        issue_server()
        web.watcher.reload()
        second = exporter.shown()
        assert second != first
        server.key.write_text("half of it", encoding="ascii")
        with pytest.raises(ConfigError, match=r"web\.yml: tls_server_config\.key_file: .*no private key"):
            web.watcher.reload()
        web.path.write_text("tls_server_config: {", encoding="utf-8")
        with pytest.raises(ConfigError, match="not valid YAML at line 1"):
            web.watcher.reload()
        assert exporter.shown() == second
        web.write({"tls_server_config": TLS})
        issue_server()
        web.watcher.reload()
        assert exporter.shown() == in_file(server.certificate)


def test_no_watcher_without_usable_files(tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    with pytest.raises(ConfigError, match=r"web\.yml: No such file"):
        WebConfigWatcher(path)
    path.write_text("tls_server_config: {cert_file: none.crt, key_file: none.key}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"tls_server_config\.cert_file: .*none\.crt: No such file"):
        WebConfigWatcher(path)


def test_there_is_no_tls_to_renew_without_tls(tmp_path: Path) -> None:
    web = WebFile(tmp_path / "web.yml", {})
    assert not web.watcher.speaks_tls
    web.watcher.reload()
    with pytest.raises(RuntimeError, match="not spoken"):
        web.watcher.tls_context()


def test_server_with_tls_alone(issue_server: Issue) -> None:
    server = issue_server()
    tls = TlsServerConfig(cert_file=server.certificate, key_file=server.key)
    clock = Clock()
    renewing = RenewingTls(tls, clock)
    first = renewing.newest(tls)
    assert renewing.newest(tls) is first
    issue_server()
    clock.seconds += 2
    assert renewing.newest(tls) is not first
    server.key.unlink()
    with pytest.raises(TlsFileError, match=r"key_file: .*server\.key: No such file"):
        renewing.renew(tls)

    async def application(_scope: object, _receive: object, _send: object) -> None:
        raise AssertionError("nobody asks it")

    with pytest.raises(OSError, match="No such file"):
        create_server(application, ListenAddress("127.0.0.1", 0), tls)


def test_secrets_that_everybody_can_read_are_told_once(
    server: Pair, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hashed = "$2b$04$" + "x" * 53
    web = WebFile(tmp_path / "web.yml", {"tls_server_config": TLS, "basic_auth_users": {"ana": hashed}})
    with running(web.watcher, authority.certificate) as exporter:
        assert messages(caplog) == []
        for _ in range(2):
            server.key.chmod(0o644)
            web.path.chmod(0o604)
            web.pass_time()
            exporter.connect().close()
            server.key.chmod(0o664)
            web.pass_time()
            exporter.connect().close()
            assert messages(caplog) == [
                f"{web.path} holds a secret and everybody can read it (mode 0604)",
                f"{server.key} holds a secret and everybody can read it (mode 0644)",
            ]
            caplog.clear()
            server.key.chmod(0o640)
            web.path.chmod(0o640)
            web.pass_time()
            exporter.connect().close()
            assert messages(caplog) == []


def test_file_without_secrets_may_be_read_by_everybody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "web.yml"
    path.write_text("http_server_config: {http2: false}", encoding="utf-8")
    path.chmod(0o644)
    WebConfigWatcher(path)
    assert messages(caplog) == []
