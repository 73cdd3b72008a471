"""URLs of libSQL servers, and what their client is made with."""

from __future__ import annotations

import pytest
from whatsapp_database import (
    HranaClient,
    HranaLimits,
    PermanentDatabaseError,
    UnsupportedUrlError,
    open_database,
)
from whatsapp_database.hrana.address import ServerAddress


@pytest.mark.parametrize(
    ("url", "base", "host"),
    [
        ("libsql://db.example.org", "https://db.example.org", "db.example.org"),
        ("libsql://db:8080?tls=0", "http://db:8080", "db:8080"),
        ("libsql://db?tls=1", "https://db", "db"),
        ("https://db.example.org/tenant/", "https://db.example.org/tenant", "db.example.org"),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_urls(url: str, base: str, host: str) -> None:
    assert ServerAddress.parse(url) == ServerAddress(base, host)
    assert isinstance(open_database(url), HranaClient)


@pytest.mark.parametrize(
    "url",
    [
        "http:",
        "https:///path",
        "https://db:port",
        "https://user:s3cret@db",
        "https://db#s3cret",
        "libsql://db?authToken=s3cret",
        "http://db?tls=0",
        "libsql://db?tls=2",
    ],
)
def test_urls_that_are_refused_are_not_repeated(url: str) -> None:
    with pytest.raises(UnsupportedUrlError) as raised:
        open_database(url)
    assert "s3cret" not in str(raised.value)


def test_token_that_no_header_can_carry_is_refused_and_not_repeated() -> None:
    with pytest.raises(PermanentDatabaseError) as raised:
        open_database("https://db", "s3cret\n")
    assert "s3cret" not in str(raised.value)


def test_limits_are_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        HranaLimits(request_timeout=0)
    with pytest.raises(ValueError, match="positive"):
        HranaLimits(attempts=0)
