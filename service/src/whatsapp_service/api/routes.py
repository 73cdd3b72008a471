"""The table of operations: routes, authorisation and OpenAPI document are made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, RootModel
from starlette.requests import Request
from starlette.responses import Response

from whatsapp_service.api import (
    account,
    changes,
    contacts,
    health,
    monitoring,
    notifications,
    pauses,
    webhook,
)
from whatsapp_service.api import notification_models as models
from whatsapp_service.api.operations import Answer, Call, Header, Method, Nothing, Operation, served
from whatsapp_service.settings import Scope

Query = TypeVar("Query", bound=BaseModel)
Body = TypeVar("Body", bound=BaseModel)

API: Final = "/api/notifications"
_CONTACTS: Final = "/admin/contacts"
_TEXT: Final = "text/plain"

_CANCELS: Final[tuple[tuple[Method, str], ...]] = (
    ("POST", f"{API}/{{id}}/cancel"),
    ("DELETE", f"{API}/{{id}}"),
)
_NOT_FOUND: Final = Answer("`not_found`: there is no such notification.")
_IDEMPOTENCY_KEY: Final = Header(
    "Idempotency-Key",
    "Makes a repetition safe: the same key and body store once. 1 to 255 printable ASCII characters.",
    {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
)
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


def _keyed(
    method: Method,
    path: str,
    handler: Callable[[Call[Query, Body]], Awaitable[Response]],
    query: type[Query],
    body: type[Body],
    *scopes: Scope,
    tag: str,
    summary: str,
    description: str,
    answers: dict[int, Answer],
    headers: tuple[Header, ...] = (),
) -> Operation:
    """An operation for which a key is needed."""
    return Operation(
        method=method,
        path=path,
        tag=tag,
        summary=summary,
        description=description,
        handle=served(handler, query, body, scopes),
        answers=answers,
        scopes=scopes,
        query=query,
        body=body,
        headers=headers,
    )


_MONITORING: Final = (
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
    _keyed(
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
    _keyed(
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
    _keyed(
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

_ACCOUNT: Final = (
    _keyed(
        "GET",
        f"{API}/templates",
        account.templates,
        Nothing,
        Nothing,
        "read",
        tag="account",
        summary="Templates",
        description="All templates, at most CACHE_TTL seconds old, with what Meta says of them and whether"
        " their sending is paused.",
        answers={200: Answer("The templates by id.", account.TemplateList)},
    ),
    _keyed(
        "GET",
        f"{API}/account-events",
        account.account_events,
        account.EventsQuery,
        Nothing,
        "read",
        tag="account",
        summary="Events of the account",
        description="What Meta's webhooks told about templates, quality, limits and the account.",
        answers={200: Answer("A page, newest first.", account.EventsPage)},
    ),
)

_PAUSES: Final = (
    _keyed(
        "GET",
        f"{API}/pauses",
        pauses.index,
        Nothing,
        Nothing,
        "read",
        "monitor",
        tag="pauses",
        summary="Pauses of sending",
        description="What is not sent now, by an operator or after an error of Meta's.",
        answers={200: Answer("The pauses in force.", pauses.PauseList)},
    ),
    _keyed(
        "POST",
        f"{API}/pauses",
        pauses.create,
        Nothing,
        pauses.PauseRequest,
        "operate",
        tag="pauses",
        summary="Stop sending",
        description="Stops everything, a company or a template. A pause that holds already is made longer,"
        " never shorter.",
        answers={
            201: Answer("All pauses in force now.", pauses.PauseList),
            422: Answer("`invalid_field`, `company_not_found`, `template_not_found`"),
        },
    ),
    _keyed(
        "DELETE",
        f"{API}/pauses",
        pauses.delete,
        pauses.ResumeQuery,
        Nothing,
        "operate",
        tag="pauses",
        summary="Resume sending",
        description="Ends the pauses of this scope, Meta's too.",
        answers={200: Answer("How many ended; none is no error.", pauses.Resumed)},
    ),
)

_WEBHOOK: Final = (
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

_NOTIFICATIONS: Final = (
    _keyed(
        "POST",
        API,
        notifications.create,
        Nothing,
        models.NotificationRequest,
        "operate",
        tag="notifications",
        summary="Accept a notification",
        description="Stores it as PENDIENTE, due at the asked time or at the company's next opening.",
        headers=(_IDEMPOTENCY_KEY,),
        answers={
            200: Answer("The same request was stored before under this Idempotency-Key.", models.Accepted),
            201: Answer("Stored.", models.Accepted),
            409: Answer("`idempotency_conflict`: the key was used for another request."),
            422: Answer(
                "`invalid_field`, `invalid_header`, `company_not_found`, `contact_not_found`,"
                " `contact_inactive`, `phone_invalid`, `template_not_found`, `template_inactive`,"
                " `variable_missing`, `hours_unusable`, `never_open`"
            ),
        },
    ),
    _keyed(
        "GET",
        API,
        notifications.index,
        models.ListQuery,
        Nothing,
        "read",
        tag="notifications",
        summary="List notifications",
        description="Newest first. `total` is exact where the filter is of state and company only, else it is"
        " counted among the newest 10,000 rows and `total_exacto` says whether that was all.",
        answers={200: Answer("A page.", models.NotificationPage)},
    ),
    _keyed(
        "POST",
        f"{API}/process-pending",
        notifications.process_pending,
        models.ProcessQuery,
        Nothing,
        "operate",
        tag="notifications",
        summary="Process what is due",
        description="Wakes the scheduler at once.",
        answers={202: Answer("It was asked.", models.ProcessAnswer)},
    ),
    _keyed(
        "POST",
        f"{API}/requeue",
        changes.requeue_many,
        Nothing,
        models.RequeueFilter,
        "operate",
        tag="notifications",
        summary="Send failed ones again",
        description="Those in ERROR that match, oldest first, back to PENDIENTE; never one that arrived.",
        answers={200: Answer("How many.", models.RequeueCounts)},
    ),
    _keyed(
        "GET",
        f"{API}/{{id}}",
        notifications.show,
        Nothing,
        Nothing,
        "read",
        tag="notifications",
        summary="One notification",
        description="With its history.",
        answers={200: Answer("The notification.", models.NotificationDetail), 404: _NOT_FOUND},
    ),
    *(
        _keyed(
            method,
            path,
            changes.cancel,
            Nothing,
            Nothing,
            "operate",
            tag="notifications",
            summary="Cancel a notification",
            description="Only while it is PENDIENTE and no scheduler has it; a second time changes nothing.",
            answers={
                200: Answer("It is cancelled.", models.Cancelled),
                404: _NOT_FOUND,
                409: Answer("`being_sent`: try again in a minute. `not_cancellable`: sent, or failed."),
            },
        )
        for method, path in _CANCELS
    ),
    _keyed(
        "POST",
        f"{API}/{{id}}/requeue",
        changes.requeue_one,
        Nothing,
        models.RequeueRequest,
        "operate",
        tag="notifications",
        summary="Send a failed one again",
        description="From ERROR (from DESCONOCIDA when asked for) back to PENDIENTE, due now or at the"
        " company's next opening.",
        answers={
            200: Answer("It is PENDIENTE.", models.Requeued),
            404: _NOT_FOUND,
            409: Answer("`not_requeueable`, `arrived`, `being_sent`, `never_open`"),
        },
    ),
)

_CONTACT_PHONES: Final = (
    _keyed(
        "POST",
        f"{_CONTACTS}/validate-phones",
        contacts.validate,
        Nothing,
        contacts.ValidationRequest,
        "operate",
        tag="contacts",
        summary="Check phone numbers",
        description="Stores of each contact why its number can be no mobile number. Without a body all are"
        " checked, the first 10,000 in one call.",
        answers={200: Answer("What was found.", contacts.ValidationCounts)},
    ),
    _keyed(
        "GET",
        f"{_CONTACTS}/bad-phones",
        contacts.bad_phones,
        contacts.BadPhonesQuery,
        Nothing,
        "operate",
        tag="contacts",
        summary="Bad phone numbers",
        description="Contacts whose number can be no mobile number, or was refused by Meta. Shows numbers.",
        answers={200: Answer("A page by id.", contacts.BadPhonesPage)},
    ),
)

# Fixed paths stand before /{id}, which takes any word.
OPERATIONS: Final = (*_MONITORING, *_ACCOUNT, *_PAUSES, *_WEBHOOK, *_NOTIFICATIONS, *_CONTACT_PHONES)
