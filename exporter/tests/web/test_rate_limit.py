"""The token bucket, and what a client meets when it is empty."""

from pathlib import Path

import httpx
import pytest
from whatsapp_exporter.rate_limit import RateLimit, TokenBucket

from .exporter_server import Clock, WebFile, running


def test_bucket() -> None:
    clock = Clock()
    bucket = TokenBucket(RateLimit.model_validate({"interval": "10s", "burst": 3}), clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(10)
    clock.seconds += 4
    assert bucket.take() == pytest.approx(6)
    clock.seconds += 6
    assert bucket.take() == 0
    assert bucket.take() == pytest.approx(10)
    clock.seconds += 1000  # no more than the burst comes together
    assert [bucket.take() > 0 for _ in range(4)] == [False, False, False, True]


def test_no_interval_is_no_limit() -> None:
    bucket = TokenBucket(RateLimit(), Clock())
    assert [bucket.take() for _ in range(1000)] == [0] * 1000


def test_beyond_the_limit_is_429_and_a_change_begins_anew(tmp_path: Path) -> None:
    limited = {"rate_limit": {"interval": "1h", "burst": 2}, "http_server_config": {}}
    web = WebFile(tmp_path / "web.yml", limited)
    with running(web.watcher) as exporter:
        address = f"http://127.0.0.1:{exporter.port}"
        with httpx.Client(base_url=address, trust_env=False) as client:
            answers = [client.get("/") for _ in range(4)]
            assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
            assert answers[2].text == "Too Many Requests\n"
            assert 3500 < int(answers[2].headers["retry-after"]) <= 3600
            assert exporter.requests == 2
            web.change(limited | {"http_server_config": {"headers": {"X-Frame-Options": "deny"}}})
            assert client.get("/").status_code == 429  # another change fills no bucket
            web.change({})
            assert [client.get("/").status_code for _ in range(3)] == [200] * 3
            web.change(limited)
            assert [client.get("/").status_code for _ in range(3)] == [200, 200, 429]
