"""Checking numbers, listing the bad ones, and what Meta told of the account."""

import io
import os

import pytest
from whatsapp_service.ops.__main__ import run_command_line

from .conftest import NOW, Installation


@pytest.fixture
def with_contacts(filled: Installation) -> Installation:
    """Contact 1 is sound; 2 is a landline, 3 was refused by Meta, 4 is of another company."""
    filled.query(
        "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono) VALUES "
        "(2, 1, 'Luis', '+5112345678'), (3, 1, 'Eva', '+51987654323'), (4, 2, 'Noé', '+510')"
    )
    filled.query(
        "UPDATE whatsapp_contactos SET telefono_codigo_error = 131026, telefono_rechazado_at = ? "
        "WHERE id = 3",
        "2025-01-22T10:00:00.000Z",
    )
    return filled


def test_numbers_are_checked(with_contacts: Installation) -> None:
    one = with_contacts.run("contacts", "validate", "--company", "1")
    assert one.out == "3 números revisados: 1 no son móviles válidos; 1 cambiaron\n"

    everyone = with_contacts.run("contacts", "validate", "--json")
    assert everyone.json() == {"checked": 4, "invalid": 2, "changed": [4]}


def test_numbers_are_shown_in_json_and_masked_in_a_pipe(with_contacts: Installation) -> None:
    with_contacts.run("contacts", "validate")

    piped = with_contacts.run("contacts", "bad", "--company", "1")
    assert piped.out == (
        "contacto 2, empresa 1: +51*****78 (not_mobile)\n"
        "contacto 3, empresa 1: +51*****23 (rechazado por Meta 2025-01-22T10:00:00.000Z, código 131026)\n"
    )
    listed = with_contacts.run("contacts", "bad", "--json").json()["contacts"]
    assert isinstance(listed, list)
    assert [contact["telefono"] for contact in listed] == ["+5112345678", "+51987654323", "+510"]
    assert "+51987654323" not in (with_contacts.logs / "ops.log").read_text(encoding="utf-8")


def test_numbers_are_shown_on_a_terminal(with_contacts: Installation) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        environ = {**with_contacts.environ, "LOG_DIR": ""}
        run_command_line(
            ["contacts", "bad"], environ=environ, out=terminal, err=io.StringIO(), now=lambda: NOW
        )
        terminal.flush()
        shown = os.read(ours, 4096).decode()
    os.close(ours)

    assert "+51987654323" in shown


def test_events_of_the_account_are_told_newest_first(installation: Installation) -> None:
    assert installation.run("events").out == "Ningún evento de la cuenta\n"
    for field, event, about, detail in (
        ("message_template_status_update", "PAUSED", "valorizacion", '{"reason": "x"}'),
        ("account_update", None, None, "{}"),
    ):
        installation.query(
            "INSERT INTO whatsapp_eventos_cuenta "
            "(campo, evento, objeto, detalle, huella, ocurrido_at, received_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(field, event, about, detail, field, "2025-01-22T10:00:00.000Z", "2025-01-22T10:00:01.000Z"),
        )

    told = installation.run("events").out.splitlines()
    assert told == [
        "2025-01-22T10:00:00.000Z  account_update  -  -",
        "2025-01-22T10:00:00.000Z  message_template_status_update  PAUSED  valorizacion",
    ]
    narrowed = installation.run("events", "--field", "message_template_status_update", "--max", "5", "--json")
    events = narrowed.json()["events"]
    assert isinstance(events, list)
    assert [event["detalle"] for event in events] == [{"reason": "x"}]
