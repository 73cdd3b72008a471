"""The client of libSQL servers over TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from whatsapp_database import PermanentDatabaseError, TransientDatabaseError, open_database
from whatsapp_world.http_server import Endpoint

ServeApp = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    """Where a server listens with a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Endpoint(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")


def answering(base_url: str | None) -> Starlette:
    """A server whose every answer has no rows, and that wants streams continued at that URL."""

    async def answer(request: Request) -> Response:
        result: dict[str, object] = {"cols": [], "rows": []}
        executed = {"type": "ok", "response": {"type": "execute", "result": result}}
        closed = {"type": "ok", "response": {"type": "close"}}
        return JSONResponse({"baton": None, "base_url": base_url, "results": [executed, closed]})

    return Starlette(routes=[Route("/v3/pipeline", answer, methods=["POST"])])


async def test_certificate_must_be_trusted(
    serve_app: ServeApp, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve_app(answering(None), endpoint) as url:
        async with open_database(url.replace("https:", "libsql:"), "token-value") as client:
            with pytest.raises(TransientDatabaseError, match=r": self-signed certificate$"):
                await client.execute("SELECT 1")
        monkeypatch.setenv("SSL_CERT_FILE", str(endpoint.tls_cert))
        async with open_database(url.replace("https:", "libsql:"), "token-value") as client:
            assert (await client.execute("SELECT 1")).rows == []


async def test_stream_does_not_leave_tls(
    serve_app: ServeApp, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(endpoint.tls_cert))
    async with serve_app(answering("http://127.0.0.1:1"), endpoint) as url, open_database(url) as client:
        with pytest.raises(PermanentDatabaseError, match="base_url"):
            await client.execute("SELECT 1")
