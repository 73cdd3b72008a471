"""Trying the webhook as Meta would."""

import hashlib
import hmac

import orjson
import pytest

from .conftest import Installation, Received, Sink

SECRET, TOKEN = "app-secret-value", "verify-token-value"


@pytest.fixture
def configured(installation: Installation) -> Installation:
    for name, value in (("WHATSAPP_APP_SECRET_FILE", SECRET), ("WHATSAPP_VERIFY_TOKEN_FILE", TOKEN)):
        path = installation.root / name
        path.write_text(value, encoding="utf-8")
        installation.environ[name] = str(path)
    return installation


def _as_the_service(request: Received) -> tuple[int, str]:
    if request.method == "GET":
        if request.query["hub.verify_token"] != TOKEN:
            return 403, "no"
        return 200, request.query["hub.challenge"]
    expected = "sha256=" + hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    return (200, "ok") if request.headers.get("x-hub-signature-256") == expected else (401, "no")


def test_a_right_webhook_passes_the_four_steps(configured: Installation, sink: Sink) -> None:
    sink.respond = _as_the_service

    result = configured.run("webhook-test", f"{sink.url}/api/notifications/webhook")

    assert result.code == 0, result.err
    assert result.out.count("✅") == 4
    [_, _, signed, _] = sink.received
    [entry] = orjson.loads(signed.body)["entry"]
    assert entry["changes"][0]["value"]["statuses"][0]["status"] == "delivered"


def test_a_webhook_that_takes_unsigned_statuses_fails(configured: Installation, sink: Sink) -> None:
    sink.respond = lambda request: (200, request.query.get("hub.challenge", "ok"))

    result = configured.run("webhook-test", sink.url)

    assert result.code == 1
    assert "❌ verificación con otro token rechazada (GET): HTTP 200" in result.out
    assert "❌ estado sin firma rechazado (POST): HTTP 200" in result.out


def test_an_unreachable_webhook_is_one_line_without_the_token(configured: Installation) -> None:
    result = configured.run("webhook-test", "http://127.0.0.1:1/webhook")

    assert result.code == 1
    assert result.err == "whatsapp-ops: error: el webhook no responde (ConnectError)\n"


def test_the_token_and_the_secret_must_be_set(installation: Installation, sink: Sink) -> None:
    result = installation.run("webhook-test", sink.url)

    assert result.code == 2
    assert "WHATSAPP_VERIFY_TOKEN_FILE" in result.err
