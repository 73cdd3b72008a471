"""Headers that the web configuration sets, over HTTP."""

from pathlib import Path

import bcrypt
import httpx

from .exporter_server import WebFile, running

HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Frame-Options": "deny",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "0",
    "Content-Security-Policy": "default-src 'self'",
}


def test_every_response_has_them(tmp_path: Path) -> None:
    users = {"ana": bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()}
    content = {"http_server_config": {"headers": HEADERS}, "basic_auth_users": users}
    web = WebFile(tmp_path / "web.yml", content)
    with running(web.watcher) as exporter:
        address = f"http://127.0.0.1:{exporter.port}"
        with httpx.Client(base_url=address, trust_env=False) as client:
            answers = [
                client.get("/", auth=("ana", "right")),
                client.get("/none", auth=("ana", "right")),
                client.post("/", auth=("ana", "right")),
                client.get("/"),
            ]
    assert [answer.status_code for answer in answers] == [200, 404, 405, 401]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value]


def test_changed_headers_are_taken_up(tmp_path: Path) -> None:
    web = WebFile(tmp_path / "web.yml", {})
    with running(web.watcher) as exporter:
        address = f"http://127.0.0.1:{exporter.port}"
        with httpx.Client(base_url=address, trust_env=False) as client:
            before = client.get("/").headers
            web.change({"http_server_config": {"headers": {"X-Frame-Options": "sameorigin"}}})
            after = client.get("/").headers
            web.change({"http_server_config": {"headers": {"X-Frame-Options": "none"}}})
            kept = client.get("/").headers
    assert before["content-security-policy"] == "default-src 'none'"
    assert "x-frame-options" not in before
    assert after["x-frame-options"] == kept["x-frame-options"] == "sameorigin"
