"""The operations on what surrounds notifications: templates, account, pauses, contacts."""

from __future__ import annotations

from typing import Final

from whatsapp_service.api import account, contacts, pauses
from whatsapp_service.api.operations import API, Answer, Nothing, keyed

_ADMIN: Final = "/admin/contacts"

ACCOUNT: Final = (
    keyed(
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
    keyed(
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

PAUSES: Final = (
    keyed(
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
    keyed(
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
    keyed(
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

CONTACTS: Final = (
    keyed(
        "POST",
        f"{_ADMIN}/validate-phones",
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
    keyed(
        "GET",
        f"{_ADMIN}/bad-phones",
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
