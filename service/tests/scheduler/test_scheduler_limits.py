"""Backoff, error classes and the judgement of the Graph API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from whatsapp_service.graph.errors import ACTION, Action, ErrorClass, SendError, classify
from whatsapp_service.graph.messages import is_valid_phone, render_parameters
from whatsapp_service.graph.redaction import redact
from whatsapp_service.scheduler.backoff import retry_delay
from whatsapp_service.scheduler.graph_health import GraphHealth

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_backoff_grows_is_capped_and_only_jitters_upwards() -> None:
    delays = [
        retry_delay(ErrorClass.TRANSIENT, attempt, lambda: 0.0).total_seconds() for attempt in range(1, 8)
    ]
    assert delays == [5, 20, 80, 320, 1280, 1800, 1800]
    assert retry_delay(ErrorClass.TRANSIENT, 1, lambda: 1.0) == timedelta(seconds=6.25)
    assert retry_delay(ErrorClass.DEFERRED, 1, lambda: 0.0) == timedelta(days=1)


@pytest.mark.parametrize(
    ("code", "error_class"),
    [
        (130429, ErrorClass.THROTTLED),
        (131056, ErrorClass.RECIPIENT_THROTTLED),
        (190, ErrorClass.AUTH),
        (250, ErrorClass.AUTH),
        (131048, ErrorClass.SENDER_BLOCKED),
        (132015, ErrorClass.TEMPLATE_HELD),
        (132001, ErrorClass.TEMPLATE),
        (132016, ErrorClass.TEMPLATE_HELD),
        (130497, ErrorClass.RECIPIENT),
        (100, ErrorClass.REQUEST),
        (131026, ErrorClass.RECIPIENT),
        (131049, ErrorClass.DEFERRED),
        (131016, ErrorClass.TRANSIENT),
        (999999, ErrorClass.OTHER),
    ],
)
def test_codes_are_classified(code: int, error_class: ErrorClass) -> None:
    assert classify(code) is error_class


def test_every_class_has_an_action_and_unknown_codes_of_5xx_are_transient() -> None:
    assert set(ACTION) == set(ErrorClass)
    assert classify(999999, 500) is ErrorClass.TRANSIENT
    assert SendError(ErrorClass.UNKNOWN_OUTCOME, "x").action is Action.UNKNOWN


def test_graph_health() -> None:
    health = GraphHealth()
    assert health.status == "unknown"
    health.failed(SendError(ErrorClass.RECIPIENT, "x", 131026), NOW)
    assert health.status == "healthy"
    for _ in range(2):
        health.failed(SendError(ErrorClass.NETWORK, "x"), NOW)
    assert health.status == "healthy"
    health.failed(SendError(ErrorClass.NETWORK, "x"), NOW)
    assert health.status == "unhealthy"
    health.succeeded(NOW)
    assert (health.status, health.error) == ("healthy", None)
    health.failed(SendError(ErrorClass.AUTH, "x", 190), NOW)
    assert health.status == "unhealthy"


def test_parameters_are_in_order_and_on_one_line() -> None:
    values: dict[str, object] = {"monto": 12.5, "nombre": " Ana\n  María "}
    assert render_parameters(["nombre", "monto"], values) == ("Ana María", "12.5")
    for wrong in ({}, {"nombre": ""}, {"nombre": ["x"]}):
        with pytest.raises(SendError, match="variable nombre"):
            render_parameters(["nombre"], wrong)


def test_phone_numbers_are_checked_and_redacted() -> None:
    assert is_valid_phone("+51987654321")
    assert not is_valid_phone("987654321")
    assert not is_valid_phone("+51")
    assert redact("to +51987654321\n(131026)") == "to [number] (131026)"
