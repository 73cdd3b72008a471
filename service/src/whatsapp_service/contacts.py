"""The contacts' phone numbers: which cannot be mobile numbers, and which Meta refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import orjson
import phonenumbers
from libsql_client import Client, InValue, Row
from phonenumbers import PhoneNumberType
from whatsapp_database import rows, timestamps

_CHUNK: Final = 200
"""Contacts in one transaction, and between two turns of the event loop; checking one costs 0.03 ms."""
_MOBILE: Final = frozenset(
    {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PERSONAL_NUMBER}
)


class PhoneFault(StrEnum):
    """Why a number cannot be a mobile number (`telefono_motivo`)."""

    UNREADABLE = "unreadable"
    """No international number at all."""
    WRONG_LENGTH = "wrong_length"
    """Too short or too long for its country."""
    NOT_ASSIGNED = "not_assigned"
    """The country's plan has no such number."""
    NOT_MOBILE = "not_mobile"
    """A landline, a premium number or another service."""


@dataclass(frozen=True, slots=True)
class PhoneCheck:
    """What a check found. `changed` are the contacts with another finding than before, in order; `next_after`
    is where the next call goes on, None when every contact was looked at."""

    checked: int
    invalid: int
    changed: tuple[int, ...]
    next_after: int | None

    @property
    def valid(self) -> int:
        """Numbers that can be mobile numbers."""
        return self.checked - self.invalid


@dataclass(frozen=True, slots=True)
class BadContact:
    """A contact whose number is no mobile number (`motivo`) or was refused by Meta (`telefono_rechazado_at`,
    with Meta's code). It holds the number: for authorised operators only, never for logs."""

    id: int
    empresa_id: int
    nombre: str
    telefono: str
    activo: bool
    motivo: str | None
    telefono_revisado_at: str | None
    telefono_rechazado_at: str | None
    codigo_error: int | None


def phone_fault(phone: str) -> PhoneFault | None:
    """Why the number cannot be a mobile number; None when it can (libphonenumber's numbering plans)."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return PhoneFault.UNREADABLE
    if not phonenumbers.is_possible_number(number):
        return PhoneFault.WRONG_LENGTH
    if not phonenumbers.is_valid_number(number):
        return PhoneFault.NOT_ASSIGNED
    return None if phonenumbers.number_type(number) in _MOBILE else PhoneFault.NOT_MOBILE


async def validate_phones(
    client: Client,
    *,
    now: datetime,
    empresa_id: int | None = None,
    ids: Sequence[int] | None = None,
    after: int = 0,
    limit: int | None = None,
) -> PhoneCheck:
    """Check the numbers of all contacts, or of one company's or these ids, and store what was found.

    Contacts go by id, those above `after`, at most `limit`, in transactions of a few hundred.
    """
    checked = invalid = 0
    changed: list[int] = []
    while limit is None or checked < limit:
        size = _CHUNK if limit is None else min(_CHUNK, limit - checked)
        chunk = await _contacts(client, empresa_id, ids, after, size)
        if not chunk:
            return PhoneCheck(checked, invalid, tuple(changed), None)
        findings = [(row, phone_fault(rows.text(row, "telefono"))) for row in chunk]
        await _store(client, findings, now)
        checked += len(chunk)
        invalid += sum(fault is not None for _, fault in findings)
        changed.extend(
            rows.integer(row, "id")
            for row, fault in findings
            if rows.optional_text(row, "telefono_motivo") != fault
        )
        after = rows.integer(chunk[-1], "id")
    more = await _contacts(client, empresa_id, ids, after, 1)
    return PhoneCheck(checked, invalid, tuple(changed), after if more else None)


async def list_bad(
    client: Client, *, empresa_id: int | None = None, after: int = 0, limit: int = 100
) -> list[BadContact]:
    """Contacts with a bad number, by id, those above `after`."""
    company = "" if empresa_id is None else "AND empresa_id = :company"
    values: dict[str, InValue] = {"after": after, "limit": limit}
    if empresa_id is not None:
        values["company"] = empresa_id
    result = await client.execute(
        f"""SELECT * FROM whatsapp_contactos INDEXED BY idx_whatsapp_contactos_telefono_malo
        WHERE (telefono_motivo IS NOT NULL OR telefono_rechazado_at IS NOT NULL) AND id > :after {company}
        ORDER BY id LIMIT :limit""",  # noqa: S608 - constant texts
        values,
    )
    return [_bad(row) for row in result]


async def _contacts(
    client: Client, empresa_id: int | None, ids: Sequence[int] | None, after: int, limit: int
) -> list[Row]:
    conditions = ["id > :after"]
    values: dict[str, InValue] = {"after": after, "limit": limit}
    if empresa_id is not None:
        conditions.append("empresa_id = :company")
        values["company"] = empresa_id
    if ids is not None:
        conditions.append("id IN (SELECT value FROM json_each(:ids))")
        values["ids"] = orjson.dumps(list(ids)).decode()
    result = await client.execute(
        f"""SELECT id, telefono, telefono_motivo FROM whatsapp_contactos
        WHERE {" AND ".join(conditions)} ORDER BY id LIMIT :limit""",  # noqa: S608 - constant texts
        values,
    )
    return result.rows


async def _store(client: Client, findings: list[tuple[Row, PhoneFault | None]], now: datetime) -> None:
    found = [[row["id"], row["telefono"], fault] for row, fault in findings]
    # A number that was changed meanwhile has not been checked.
    await client.execute(
        """UPDATE whatsapp_contactos SET
            telefono_motivo = json_extract(found.value, '$[2]'), telefono_revisado_at = :now
        FROM json_each(:found) AS found
        WHERE whatsapp_contactos.id = json_extract(found.value, '$[0]')
            AND telefono = json_extract(found.value, '$[1]')""",
        {"found": orjson.dumps(found).decode(), "now": timestamps.to_text(now)},
    )


def _bad(row: Row) -> BadContact:
    return BadContact(
        id=rows.integer(row, "id"),
        empresa_id=rows.integer(row, "empresa_id"),
        nombre=rows.text(row, "nombre"),
        telefono=rows.text(row, "telefono"),
        activo=rows.integer(row, "activo") == 1,
        motivo=rows.optional_text(row, "telefono_motivo"),
        telefono_revisado_at=rows.optional_text(row, "telefono_revisado_at"),
        telefono_rechazado_at=rows.optional_text(row, "telefono_rechazado_at"),
        codigo_error=rows.optional_integer(row, "telefono_codigo_error"),
    )
