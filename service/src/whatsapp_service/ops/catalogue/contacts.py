"""Texts of the contacts' numbers and of Meta's events as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "contacts_checked": (
        "{count} números revisados: {invalid} no son móviles válidos; {changed} cambiaron",
        "{count} numbers checked: {invalid} are no valid mobile numbers; {changed} have changed",
    ),
    "contacts_none_bad": ("Ningún contacto con número malo", "No contact with a bad number"),
    "contact_line": (
        "contacto {id}, empresa {company}: {number} ({reasons})",
        "contact {id}, company {company}: {number} ({reasons})",
    ),
    "contact_refused": (
        "rechazado por Meta {moment}, código {code}",
        "refused by Meta {moment}, code {code}",
    ),
    "event_line": ("{moment}  {field}  {event}  {object}", "{moment}  {field}  {event}  {object}"),
    "events_none": ("Ningún evento de la cuenta", "No event of the account"),
}
