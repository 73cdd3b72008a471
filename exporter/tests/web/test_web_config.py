"""What a web configuration may say, and how it is told when it may not."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from whatsapp_exporter.cipher_suites import OPENSSL_CIPHERS
from whatsapp_exporter.tls import create_context
from whatsapp_exporter.web_config import WebConfig, load_web_config
from whatsapp_exporter.yaml_file import ConfigError

from .authority import Authority, Pair, pem

README = Path(__file__).parents[2] / "README.md"
HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
TLS = {"cert_file": "server.crt", "key_file": "server.key"}
CLIENTS = {"client_ca_file": "authority.crt", "client_auth_type": "RequireAndVerifyClientCert"}
SECRET = "hunter2-never-shown"

Load = Callable[[object], WebConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a web configuration of this content."""

    def written(content: object) -> WebConfig:
        path = tmp_path / "web.yml"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return load_web_config(path)

    return written


def tls(**changes: object) -> dict[str, object]:
    """A web configuration with these TLS settings."""
    return {"tls_server_config": TLS | changes}


def headers(**values: str) -> dict[str, object]:
    """A web configuration with these headers."""
    return {"http_server_config": {"headers": {key.replace("_", "-"): text for key, text in values.items()}}}


@pytest.mark.usefixtures("server")
def test_defaults_are_the_toolkits(load: Load) -> None:
    config = load(tls())
    settings = config.tls_server_config
    assert settings is not None
    assert settings.client_auth_type == "NoClientCert"
    assert settings.client_allowed_sans is None
    assert (settings.min_version, settings.max_version) == ("TLS12", "TLS13")
    assert settings.prefer_server_cipher_suites
    assert settings.cipher_suites == settings.curve_preferences == ()
    assert config.http_server_config.http2
    assert config.http_server_config.headers == {}
    assert config.basic_auth_users == {}
    assert config.rate_limit.interval == 0
    assert load("") == WebConfig()


def test_readme_shows_a_valid_configuration(server: Pair, authority: Authority, load: Load) -> None:
    sample = re.search(r"(?s)```yaml\n(tls_server_config:.*?)```", README.read_text(encoding="utf-8"))
    assert sample is not None
    text = sample[1].replace("$2b$10$...", HASH)
    folder = server.certificate.parent
    for name, source in (
        ("exporter.crt", server.certificate),
        ("exporter.key", server.key),
        ("clients.crt", authority.certificate),
    ):
        (folder / name).write_bytes(source.read_bytes())
    config = load(text)
    assert config.tls_server_config is not None
    assert config.tls_server_config.client_allowed_sans == ("prometheus.example.org",)
    assert config.rate_limit.interval == pytest.approx(0.1)
    assert set(config.http_server_config.headers) == set(
        yaml.safe_load(text)["http_server_config"]["headers"]
    )


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        ({"tls": {}}, "tls", "unknown key"),
        (tls(ciphers=[]), "tls_server_config.ciphers", "unknown key"),
        ({"tls_server_config": {}}, "tls_server_config", "cert or cert_file is missing"),
        (
            {"tls_server_config": {"cert_file": "server.crt"}},
            "tls_server_config",
            "key or key_file is missing",
        ),
        (tls(cert_file=""), "tls_server_config", "cert or cert_file is missing"),
        (tls(cert="x"), "tls_server_config", "cert and cert_file exclude each other"),
        (tls(key=SECRET), "tls_server_config", "key and key_file exclude each other"),
        (tls(**CLIENTS, client_ca="x"), "tls_server_config", "client_ca and client_ca_file exclude"),
        (tls(client_auth_type="RequestClientCert"), "client_auth_type", "nobody verifies"),
        (tls(client_auth_type="RequireAnyClientCert"), "client_auth_type", "use VerifyClientCertIfGiven or"),
        (tls(client_auth_type="RequireClientCert"), "client_auth_type", "nobody verifies"),
        (tls(client_auth_type="Always"), "client_auth_type", "must be one of NoClientCert, Verify"),
        (tls(client_auth_type=1), "client_auth_type", "must be one of"),
        (
            tls(client_auth_type="VerifyClientCertIfGiven"),
            "tls_server_config",
            "needs client_ca or client_ca_file",
        ),
        (tls(client_ca_file="authority.crt"), "tls_server_config", "client_ca_file need a client_auth_type"),
        (tls(**CLIENTS, client_allowed_sans=[]), "client_allowed_sans", "lets nobody in"),
        (
            tls(client_allowed_sans=["a"]),
            "tls_server_config",
            "client_allowed_sans needs the client_auth_type",
        ),
        (
            tls(
                client_ca_file="authority.crt",
                client_auth_type="VerifyClientCertIfGiven",
                client_allowed_sans=["a"],
            ),
            "tls_server_config",
            "client_allowed_sans needs the client_auth_type RequireAndVerifyClientCert",
        ),
        (tls(min_version="TLS10"), "tls_server_config.min_version", "use TLS12 or TLS13"),
        (tls(max_version="TLS11"), "tls_server_config.max_version", "use TLS12 or TLS13"),
        (tls(min_version="SSL3"), "tls_server_config.min_version", "must be TLS12 or TLS13"),
        (tls(min_version="TLS13", max_version="TLS12"), "tls_server_config", "min_version is higher"),
        (tls(cipher_suites=["TLS_RSA_WITH_RC4_128_SHA"]), "cipher_suites.0", "not one of Go's secure suites"),
        (tls(cipher_suites=["TLS_AES_128_GCM_SHA256"]), "cipher_suites.0", "TLS 1.3 cannot be chosen"),
        (
            tls(min_version="TLS13", cipher_suites=["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]),
            "tls_server_config",
            "cipher_suites choose among those of TLS 1.2",
        ),
        (tls(prefer_server_cipher_suites="maybe"), "prefer_server_cipher_suites", "valid boolean"),
        (tls(curve_preferences=["P-256"]), "curve_preferences.0", "must be one of CurveP256, CurveP384"),
        (tls(curve_preferences=["CurveP256", "X25519"]), "curve_preferences", "name one, or none"),
        ({"http_server_config": {"http3": True}}, "http_server_config.http3", "unknown key"),
        ({"http_server_config": {"http2": "maybe"}}, "http_server_config.http2", "valid boolean"),
        (headers(Server="x"), "http_server_config.headers", "Server cannot be set, only Strict-Transport"),
        (headers(X_Frame_Options="DENY"), "headers", "X-Frame-Options must be deny or sameorigin"),
        (headers(X_Content_Type_Options="sniff"), "headers", "X-Content-Type-Options must be nosniff"),
        (headers(X_XSS_Protection="yes"), "headers", "X-XSS-Protection must be 0, 1"),
        (
            headers(Strict_Transport_Security="forever"),
            "headers",
            "Strict-Transport-Security must be max-age",
        ),
        (headers(Content_Security_Policy="a\r\nSet-Cookie: b"), "headers", "must be one line of ASCII"),
        (
            headers(Strict_Transport_Security="max-age=1;\r\npreload"),
            "headers",
            "Strict-Transport-Security must",
        ),
        ({"basic_auth_users": {"ana": SECRET}}, "basic_auth_users.ana", "must be a bcrypt hash"),
        ({"basic_auth_users": {f"ana:{SECRET}": None}}, "basic_auth_users", "has no colon"),
        ({"basic_auth_users": {"": HASH}}, "basic_auth_users", "is not empty"),
        ({"basic_auth_users": {f"u{n}": HASH for n in range(101)}}, "basic_auth_users", "at most 100"),
        ({"rate_limit": {"interval": "1s"}}, "rate_limit", "burst must be at least 1"),
        ({"rate_limit": {"interval": "soon", "burst": 1}}, "rate_limit.interval", "a duration with a unit"),
        ({"rate_limit": {"interval": 5, "burst": 1}}, "rate_limit.interval", "a duration with a unit"),
        ({"rate_limit": {"interval": "1s", "burst": -1}}, "rate_limit.burst", "greater than or equal to 0"),
        ({"rate_limit": {"rate": 1}}, "rate_limit.rate", "unknown key"),
    ],
)
def test_refused(load: Load, content: object, key: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(content)
    text = str(caught.value)
    assert key in text
    assert reason in text
    assert SECRET not in text
    assert "\n" not in text


def test_files_that_cannot_be_used_are_named(server: Pair, authority: Authority, load: Load) -> None:
    folder = server.certificate.parent
    other = authority.issue("other")
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "locked.key").write_bytes(pem(key, SECRET.encode()))
    (folder / "garbage.crt").write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", encoding="ascii"
    )
    (folder / "garbage.key").write_text(
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n", encoding="ascii"
    )
    (folder / "large.crt").write_bytes(b"x" * 1_000_001)
    for content, text in (
        (tls(cert_file="none.crt"), "cert_file: {}/none.crt: No such file or directory"),
        (tls(key_file="."), "key_file: {}: Is a directory"),
        (tls(cert_file="large.crt"), "cert_file: {}/large.crt: larger than 1000000 bytes"),
        (tls(cert_file="server.key"), "cert_file: {}/server.key: holds no certificate in PEM"),
        (tls(key_file="server.crt"), "key_file: {}/server.crt: holds no private key in PEM"),
        (tls(key_file=other.key.name), "key_file: {}/other.key: is not the certificate's key"),
        (tls(key_file="locked.key"), "key_file: {}/locked.key: the key has a passphrase"),
        (tls(key_file="garbage.key"), "key_file: {}/garbage.key: not usable"),
        (tls(cert_file="garbage.crt"), "cert_file: {}/garbage.crt, key_file: {}/server.key: not usable"),
        (tls(**CLIENTS | {"client_ca_file": "none.crt"}), "client_ca_file: {}/none.crt: No such file"),
        (tls(**CLIENTS | {"client_ca_file": "server.key"}), "client_ca_file: {}/server.key: holds no certi"),
        (tls(**CLIENTS | {"client_ca_file": "garbage.crt"}), "client_ca_file: {}/garbage.crt: holds a certi"),
        (
            {"tls_server_config": {"cert": server.certificate.read_text(encoding="ascii"), "key": SECRET}},
            "tls_server_config.key: holds no private key in PEM",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            load(content)
        assert text.format(folder, folder) in str(caught.value)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", OPENSSL_CIPHERS)
def test_openssl_knows_every_suite(server: Pair, load: Load, name: str) -> None:
    assert server.certificate.exists()
    settings = load(tls(cipher_suites=[name])).tls_server_config
    assert settings is not None
    names = {cipher["name"] for cipher in create_context(settings).get_ciphers()}
    assert {suite for suite in names if not suite.startswith("TLS_")} == {OPENSSL_CIPHERS[name]}


@pytest.mark.parametrize("curve", ["CurveP256", "CurveP384", "CurveP521", "X25519"])
def test_openssl_knows_every_curve(server: Pair, load: Load, curve: str) -> None:
    assert server.certificate.exists()
    assert load(tls(curve_preferences=[curve])).tls_server_config is not None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), (0, 0), ("1s", 1), ("100ms", 0.1), ("1m30s", 90), ("1.5h", 5400), ("250us", 0.00025)],
)
def test_intervals_as_go_writes_them(load: Load, text: object, seconds: float) -> None:
    config = load({"rate_limit": {"interval": text, "burst": 1}})
    assert config.rate_limit.interval == pytest.approx(seconds)


def test_blank_headers_are_not_set(load: Load) -> None:
    config = load(headers(X_Frame_Options="", X_XSS_Protection="1; mode=block"))
    assert config.http_server_config.headers == {"X-XSS-Protection": "1; mode=block"}


def test_hashes_are_not_in_the_configurations_text(load: Load) -> None:
    assert HASH not in repr(load({"basic_auth_users": {"ana": HASH}}))
