"""Masking: numbers and secrets go, ids, measurements and times stay."""

from __future__ import annotations

import base64

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whatsapp_service.masking import mask_message_id, mask_phone, mask_text

WAMID = (
    "wamid."
    + base64.b64encode(b"\x1c\x18\x0b51987654321\x15\x02\x00\x11\x18\x125F425A74F13033492A\x00").decode()
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("send to +51987654321 failed", "send to +51*****21 failed"),
        ("send to 51987654321", "send to 51*****21"),
        ("987654321", "98*****21"),
        ("+51 987 654 321, +33 6 12 34 56 78", "+51*****21, +33*****78"),
        ("https://wa.me/51987654321?text=hola", "https://wa.me/51*****21?text=hola"),
        ("to=%2B51987654321", "to=%2B51*****21"),
        ("telefono_51987654321_x", "telefono_51*****21_x"),
        ("Authorization: Bearer EAAGm0PX4ZCpsBAKZ", "Authorization: Bearer …"),
        ("token EAAGm0PX4ZCpsBAKZ is refused", "token EAA… is refused"),
        (
            "GET /debug_token?access_token=abc|def&input_token=xyz",
            "GET /debug_token?access_token=…&input_token=…",
        ),
        ("redis://:secret@127.0.0.1:6379/0", "redis://…@127.0.0.1:6379/0"),
        ("https://hooks.slack.com/services/T0/B0/XyZ", "https://hooks.slack.com/…"),
        ("X-API-Key wn_0123456789ab_" + "aB3-_" * 9, "X-API-Key wn_0123456789ab_…"),
        (f"message {WAMID} is unknown", "message wamid.…MzQ5MkEA is unknown"),
    ],
)
def test_what_is_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked
    assert mask_text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Notification sent successfully",
        "POST /api/notifications/12345678",
        "(131026) Message undeliverable",
        "2026-01-26T12:00:00.123456Z",
        "backup whatsapp_notifications_20260126_030000.db.gz",
        "took 0.123456789012 s",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "106540352242922123",  # Meta's id of a number, longer than any number
        "EAAa short word, a bearer",
        "http://127.0.0.1:8000/health",
    ],
)
def test_what_stays(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize("region", ["PE", "CL", "US", "FR", "BR", "MX", "DE", "IN"])
@pytest.mark.parametrize(
    "form", [phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL]
)
def test_mobile_numbers_of_other_countries_too(region: str, form: int) -> None:
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None
    shown = mask_text(f"to {phonenumbers.format_number(number, form)}.")
    assert str(number.national_number)[2:-2] not in "".join(filter(str.isdigit, shown))


@given(st.text(), st.from_regex(r"\+[1-9]\d{8,13}", fullmatch=True), st.text())
def test_no_number_survives_between_words(before: str, number: str, after: str) -> None:
    assert number not in mask_text(f"{before} {number} {after}")


@given(st.text(max_size=80))
def test_message_ids_lose_most_of_themselves(body: str) -> None:
    assert len(mask_message_id(f"wamid.{body}")) <= len("wamid.…") + min(8, len(body) // 4)


def test_message_id_with_the_number_of_its_recipient() -> None:
    assert mask_message_id(WAMID) == "wamid.…MzQ5MkEA"
    assert mask_message_id("wamid.51987654321") == "wamid.…21"
    assert mask_phone("987654321") == "98*****21"
