"""``whatsapp-ops contacts validate`` and ``contacts bad``."""

import argparse
import asyncio
from dataclasses import asdict

from whatsapp_service.contacts import BadContact, PhoneCheck, list_bad, validate_phones
from whatsapp_service.masking import mask_phone
from whatsapp_service.ops.context import OpsContext

_PAGE = 500


def run_validate(context: OpsContext, options: argparse.Namespace) -> int:
    """Check the contacts' numbers; a number that is no mobile number is a finding, not a failure."""
    console, texts = context.console, context.texts
    check = asyncio.run(_validate(context, options.company))
    console.line(
        texts("contacts_checked", count=check.checked, invalid=check.invalid, changed=len(check.changed))
    )
    console.result({"checked": check.checked, "invalid": check.invalid, "changed": list(check.changed)})
    return 0


def run_bad(context: OpsContext, options: argparse.Namespace) -> int:
    """The contacts whose number is bad. Numbers are shown on a terminal and in JSON, else they are masked."""
    console, texts = context.console, context.texts
    found = asyncio.run(_bad(context, options.company))
    for contact in found:
        number = contact.telefono if console.on_terminal else mask_phone(contact.telefono)
        reasons = []
        if contact.motivo is not None:
            reasons.append(contact.motivo)
        if contact.telefono_rechazado_at is not None:
            reasons.append(
                texts("contact_refused", moment=contact.telefono_rechazado_at, code=contact.codigo_error)
            )
        console.line(
            texts(
                "contact_line",
                id=contact.id,
                company=contact.empresa_id,
                number=number,
                reasons="; ".join(reasons),
            )
        )
    if not found:
        console.line(texts("contacts_none_bad"))
    console.result({"contacts": [asdict(contact) for contact in found]})
    return 0


async def _validate(context: OpsContext, company: int | None) -> PhoneCheck:
    async with context.open_database() as client:
        return await validate_phones(client, now=context.now(), empresa_id=company)


async def _bad(context: OpsContext, company: int | None) -> list[BadContact]:
    found: list[BadContact] = []
    async with context.open_database(read_only=True) as client:
        while page := await list_bad(
            client, empresa_id=company, after=found[-1].id if found else 0, limit=_PAGE
        ):
            found += page
    return found
