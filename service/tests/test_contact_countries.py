"""The schema's prefixes give the country that libphonenumber gives."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
import pytest
from libsql_client import Client
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType
from whatsapp_database import rows

MAIN_COUNTRY = {
    "AX": "FI",
    "BL": "GP",
    "BQ": "CW",
    "CC": "AU",
    "CX": "AU",
    "EH": "MA",
    "GG": "GB",
    "IM": "GB",
    "JE": "GB",
    "MF": "GP",
    "SJ": "NO",
    "TA": "SH",
    "VA": "IT",
    "YT": "RE",
}
"""Small territories inside another country's calling code, told apart by more digits than the table holds."""

NO_COUNTRY = "001"
"""libphonenumber's region of numbers that belong to no country (satellites, international freephone)."""

NOT_OF_A_PLACE = "+13101234"
"""Canada's 310 numbers have seven digits and no area code."""


@pytest.fixture
async def prefixes(database: Client) -> dict[str, str]:
    found = await database.execute("SELECT prefijo, pais FROM whatsapp_paises")
    return {rows.text(row, "prefijo"): rows.text(row, "pais") for row in found}


def _country(prefixes: dict[str, str], phone: str) -> str:
    fitting = (phone[1 : 1 + length] for length in (4, 3, 2, 1))
    return next((prefixes[prefix] for prefix in fitting if prefix in prefixes), "ZZ")


def _examples() -> Iterator[PhoneNumber]:
    types = PhoneNumberType.values()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for number_type in types:
            example = phonenumbers.example_number_for_type(region, number_type)
            if example is not None:
                yield example


def _differences(
    prefixes: dict[str, str], numbers: Iterator[PhoneNumber]
) -> tuple[int, set[tuple[str, str, str]]]:
    """How many of the numbers exist, and those whose country differs."""
    checked, differences = 0, set()
    for number in numbers:
        region = phonenumbers.region_code_for_number(number)
        phone = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if region is None or phone == NOT_OF_A_PLACE:
            continue
        checked += 1
        expected = MAIN_COUNTRY.get(region, region)
        found = _country(prefixes, phone)
        if found != expected:
            differences.add((phone[:5], expected, found))
    return checked, differences


def test_examples_of_every_region_and_type(prefixes: dict[str, str]) -> None:
    checked, differences = _differences(prefixes, _examples())
    assert differences == set()
    assert checked > 1_000


@pytest.mark.parametrize("calling_code", [1, 7])
def test_every_area_of_a_code_that_countries_share(prefixes: dict[str, str], calling_code: int) -> None:
    numbers = (
        PhoneNumber(country_code=calling_code, national_number=area * 10_000_000 + subscriber)
        for area in range(200, 1000)
        for subscriber in (2345678, 5550123)
    )
    checked, differences = _differences(prefixes, numbers)
    assert differences == set()
    assert checked > 500


def test_every_calling_code_has_its_country(prefixes: dict[str, str]) -> None:
    wanted = {
        str(code): "ZZ" if regions[0] == NO_COUNTRY else MAIN_COUNTRY.get(regions[0], regions[0])
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    }
    assert {code: _country(prefixes, f"+{code}") for code in wanted} == wanted


async def test_contacts_get_the_country_of_their_number(database: Client) -> None:
    phones = ["+51987654329", "+14165550123", "+12125550123", "+77011234567", "+79161234567", "+88212345678"]
    await database.batch(
        [
            (
                "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono) VALUES (?, 7, 'x', ?)",
                (100 + number, phone),
            )
            for number, phone in enumerate(phones)
        ]
    )
    found = await database.execute("SELECT pais FROM whatsapp_contactos WHERE id >= 100 ORDER BY id")
    assert [row["pais"] for row in found] == ["PE", "CA", "US", "KZ", "RU", "ZZ"]
