"""The operations that tell how the service is, and Meta's webhook: most of them need no key."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, RootModel
from starlette.requests import Request
from starlette.responses import Response

from whatsapp_service.api import health, monitoring, webhook
from whatsapp_service.api.operations import API, Answer, Header, Nothing, Operation, keyed

_TEXT: Final = "text/plain"
_SIGNATURE: Final = Header(
    "X-Hub-Signature-256",
    "`sha256=` and the HMAC-SHA256 of the raw body with the app secret, in hexadecimal.",
    {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
    required=True,
)


class OpenApiDocument(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


class WebhookKept(BaseModel):
    """A webhook that will be applied."""

    status: Literal["accepted"]


async def _openapi(request: Request) -> Response:
    return Response(request.app.state.openapi, media_type="application/json")


MONITORING: Final = (
    Operation(
        method="GET",
        path="/health",
        tag="monitoring",
        summary="Health",
        description="State of the service and its components. An answer takes two seconds at most, whatever"
        " hangs.",
        handle=health.health,
        documented_query={
            "detailed": {
                "required": False,
                "description": "`true` adds `metrics`; any other value does not.",
                "schema": {"type": "string"},
            }
        },
        answers={
            200: Answer("healthy or degraded.", health.Health),
            503: Answer("down: the database does not answer.", health.Health),
        },
    ),
    Operation(
        method="GET",
        path="/metrics",
        tag="monitoring",
        summary="Metrics for Prometheus",
        description="What all workers measured, and the database's figures. nginx asks for a login here.",
        handle=monitoring.prometheus,
        answers={200: Answer("Prometheus' text format.", None, _TEXT)},
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        tag="monitoring",
        summary="This document",
        description="OpenAPI 3.1, made from the table of the routes that are served.",
        handle=_openapi,
        answers={200: Answer("The document.", OpenApiDocument)},
    ),
    keyed(
        "GET",
        f"{API}/metrics",
        monitoring.metrics,
        Nothing,
        Nothing,
        "monitor",
        "read",
        tag="monitoring",
        summary="Today's notifications",
        description="Notifications accepted today (the operators' day), and the queue.",
        answers={200: Answer("The figures.", monitoring.DayMetrics)},
    ),
    keyed(
        "GET",
        f"{API}/metrics/system",
        monitoring.system_metrics,
        Nothing,
        Nothing,
        "monitor",
        "read",
        tag="monitoring",
        summary="The system's figures",
        description="Rates of today, the response time of all workers, and the queue.",
        answers={200: Answer("The figures.", monitoring.SystemMetrics)},
    ),
    keyed(
        "GET",
        f"{API}/scheduler/status",
        monitoring.scheduler_status,
        Nothing,
        Nothing,
        "monitor",
        "read",
        tag="monitoring",
        summary="The schedulers",
        description="Whether a scheduler runs, and its rounds.",
        answers={200: Answer("All schedulers together.", monitoring.SchedulerStatus)},
    ),
)

WEBHOOK: Final = (
    Operation(
        method="GET",
        path=f"{API}/webhook",
        tag="webhook",
        summary="Meta's handshake",
        description="Returns the challenge to whoever knows the verify token.",
        handle=webhook.verify,
        documented_query={
            "hub.mode": {"required": True, "schema": {"const": "subscribe"}},
            "hub.verify_token": {"required": True, "schema": {"type": "string"}},
            "hub.challenge": {
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 1024},
            },
        },
        answers={200: Answer("The challenge.", None, _TEXT), 403: Answer("`forbidden`")},
    ),
    Operation(
        method="POST",
        path=f"{API}/webhook",
        tag="webhook",
        summary="Meta's events",
        description="Keeps the signed body and answers; it is applied afterwards.",
        handle=webhook.receive,
        documented_body={"type": "object"},
        headers=(_SIGNATURE,),
        answers={
            200: Answer("It is kept.", WebhookKept),
            401: Answer("`bad_signature`"),
            413: Answer("`too_large`: above 4 MiB."),
            503: Answer("`error`: it could not be kept, Meta sends it again."),
        },
    ),
)
