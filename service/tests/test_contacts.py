"""Checking the contacts' numbers, and listing those that cannot be written to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from libsql_client import Client
from whatsapp_service.contacts import PhoneFault, list_bad, phone_fault, validate_phones

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phone", "fault"),
    [
        ("+51987654321", None),
        ("+525512345678", None),
        ("+5511987654321", None),
        ("+14155552671", None),
        ("+519876", PhoneFault.WRONG_LENGTH),
        ("+51287654321", PhoneFault.NOT_ASSIGNED),
        ("+5112345678", PhoneFault.NOT_MOBILE),
        ("+99912345678", PhoneFault.UNREADABLE),
        ("987654321", PhoneFault.UNREADABLE),
        ("+1'; DROP TABLE x; --", PhoneFault.UNREADABLE),
    ],
)
def test_faults_of_numbers(phone: str, fault: PhoneFault | None) -> None:
    assert phone_fault(phone) is fault


async def _add(database: Client, *contacts: tuple[int, int, str]) -> None:
    for contact in contacts:
        await database.execute(
            "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono) VALUES (?, ?, 'x', ?)", contact
        )


async def test_findings_are_stored_and_told_when_they_change(database: Client) -> None:
    await _add(database, (10, 7, "+519876"), (11, 8, "+5112345678"))
    first = await validate_phones(database, now=NOW)
    assert (first.checked, first.valid, first.invalid, first.changed) == (4, 2, 2, (10, 11))
    assert first.next_after is None
    again = await validate_phones(database, now=NOW)
    assert (again.checked, again.changed) == (4, ())
    await database.execute("UPDATE whatsapp_contactos SET telefono = '+51987654321' WHERE id = 10")
    assert (await validate_phones(database, now=NOW)).changed == (10,)
    stored = await database.execute(
        "SELECT telefono_motivo, telefono_revisado_at FROM whatsapp_contactos WHERE id IN (10, 11)"
    )
    moment = "2026-01-02T12:00:00.000Z"
    assert [row.astuple() for row in stored] == [(None, moment), ("not_mobile", moment)]


async def test_one_company_or_given_ids(database: Client) -> None:
    await _add(database, (10, 7, "+519876"), (11, 8, "+519876"))
    assert (await validate_phones(database, now=NOW, empresa_id=8)).changed == (11,)
    assert (await validate_phones(database, now=NOW, ids=[1, 10, 999])).changed == (10,)
    assert (await validate_phones(database, now=NOW, ids=[])).checked == 0


async def test_bounded_batches_go_on(database: Client) -> None:
    await _add(database, *((number, 7, "+519876") for number in range(100, 598)))
    first = await validate_phones(database, now=NOW, limit=300)
    assert (first.checked, first.next_after) == (300, 397)
    rest = await validate_phones(database, now=NOW, after=397, limit=300)
    assert (rest.checked, rest.next_after) == (200, None)
    assert len(first.changed) + len(rest.changed) == 498


async def test_bad_ones_are_listed_in_pages(database: Client) -> None:
    await _add(database, (10, 7, "+519876"), (11, 8, "+51987654329"), (12, 7, "+51987654328"))
    await validate_phones(database, now=NOW)
    await database.execute(
        """UPDATE whatsapp_contactos SET telefono_rechazado_at = '2026-01-01T00:00:00.000Z',
            telefono_codigo_error = 131026 WHERE id = 11"""
    )
    bad = await list_bad(database)
    assert [(contact.id, contact.motivo, contact.codigo_error) for contact in bad] == [
        (10, "wrong_length", None),
        (11, None, 131026),
    ]
    assert bad[0].telefono == "+519876"
    assert [contact.id for contact in await list_bad(database, after=10, limit=1)] == [11]
    assert [contact.id for contact in await list_bad(database, empresa_id=7)] == [10]
