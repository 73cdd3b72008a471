"""Certificates and event loops for the tests of the web configuration."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from .authority import Authority, Pair

LOOPS = ("asyncio", "uvloop")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who signs the server's certificate and the clients'."""
    return Authority(tmp_path, "authority")


@pytest.fixture
def issue_server(authority: Authority) -> Callable[[], Pair]:
    """Write `server.crt` and `server.key` for 127.0.0.1, again at every call."""

    def issue() -> Pair:
        return authority.issue(
            "server", sans=[x509.IPAddress(ip_address("127.0.0.1"))], usage=ExtendedKeyUsageOID.SERVER_AUTH
        )

    return issue


@pytest.fixture
def server(issue_server: Callable[[], Pair]) -> Pair:
    """The server's certificate."""
    return issue_server()


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loops that uvicorn may choose."""
    if request.param == "asyncio":
        return asyncio.SelectorEventLoop
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
