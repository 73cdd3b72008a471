"""The operations on notifications."""

from __future__ import annotations

from typing import Final

from whatsapp_service.api import changes, notifications
from whatsapp_service.api import notification_models as models
from whatsapp_service.api.operations import API, Answer, Header, Method, Nothing, keyed

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
NOTIFICATIONS: Final = (
    keyed(
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
    keyed(
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
    keyed(
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
    keyed(
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
    keyed(
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
        keyed(
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
    keyed(
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
