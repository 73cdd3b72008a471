"""Each thing that must not happen in a round of killing is told when it did happen."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import pytest
from whatsapp_stack.kill_checks import violations
from whatsapp_stack.simulator import AcceptedMessage

TABLES = """
CREATE TABLE whatsapp_notificaciones (id INTEGER PRIMARY KEY, estado TEXT);
CREATE TABLE whatsapp_claves_idempotencia (clave TEXT, notificacion_id INTEGER);
CREATE TABLE whatsapp_historial_notificaciones (notificacion_id INTEGER, estado_nuevo TEXT);
CREATE TABLE whatsapp_webhook_eventos (cuerpo BLOB);
CREATE TABLE whatsapp_conteo_estados (estado TEXT, total INTEGER);
INSERT INTO whatsapp_notificaciones VALUES (1, 'LEIDA'), (2, 'DESCONOCIDA');
INSERT INTO whatsapp_claves_idempotencia VALUES ('a', 1), ('b', 2);
INSERT INTO whatsapp_historial_notificaciones VALUES (1, 'ENVIADA'), (2, 'DESCONOCIDA');
INSERT INTO whatsapp_conteo_estados VALUES ('LEIDA', 1), ('DESCONOCIDA', 1), ('PENDIENTE', 0);
"""
IDS = {"a": 1, "b": 2}
MESSAGES = [AcceptedMessage("wamid.1", 1, ("sent", "read"))]
OWN_EVENTS = ["wamid.own"]
TAKEN = (("wamid.1", "sent"), ("wamid.1", "read"), ("wamid.own", "delivered"))


def _body(message_id: str, status: str) -> bytes:
    value = {"statuses": [{"id": message_id, "status": status}]}
    return json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode()


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """A round after which everything is as it should be."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    connection.executemany(
        "INSERT INTO whatsapp_webhook_eventos VALUES (?)", [(_body(*status),) for status in TAKEN]
    )
    yield connection
    connection.close()


def test_a_good_round_has_no_violations(database: sqlite3.Connection) -> None:
    assert violations(database, IDS, MESSAGES, OWN_EVENTS) == ()
    # Sent again by hand after DESCONOCIDA: the operator knew.
    twice = [AcceptedMessage("wamid.2", 2, ()), AcceptedMessage("wamid.3", 2, ())]
    assert violations(database, IDS, [*MESSAGES, *twice], OWN_EVENTS) == ()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM whatsapp_notificaciones WHERE id = 2", "1 accepted notifications are gone"),
        ("INSERT INTO whatsapp_notificaciones VALUES (3, 'LEIDA')", "1 others were made"),
        (
            "UPDATE whatsapp_claves_idempotencia SET notificacion_id = 2",
            "the kept keys and the answers differ",
        ),
        ("DELETE FROM whatsapp_webhook_eventos WHERE rowid = 3", "1 statuses were answered 200"),
        ("DELETE FROM whatsapp_webhook_eventos WHERE rowid = 1", "1 statuses were answered 200"),
        ("UPDATE whatsapp_notificaciones SET estado = 'ENVIADA' WHERE id = 1", "do not have the state"),
        ("UPDATE whatsapp_notificaciones SET estado = 'LEIDA' WHERE id = 2", "delivered and were never sent"),
        ("UPDATE whatsapp_conteo_estados SET total = total + 1", "kept counts of states are not those"),
    ],
)
def test_damage_in_the_database_is_told(database: sqlite3.Connection, damage: str, told: str) -> None:
    database.execute(damage)
    assert told in "; ".join(violations(database, IDS, MESSAGES, OWN_EVENTS))


def test_what_the_simulator_knows_better_is_told(database: sqlite3.Connection) -> None:
    again = AcceptedMessage("wamid.2", 1, ())
    assert violations(database, IDS, [*MESSAGES, again], OWN_EVENTS) == (
        "1 notifications were sent twice and never told as DESCONOCIDA",
    )
    stranger = AcceptedMessage("wamid.3", 9, ())
    assert "1 messages are of no notification" in violations(database, IDS, [*MESSAGES, stranger], OWN_EVENTS)


def test_one_notification_for_two_keys_is_told(database: sqlite3.Connection) -> None:
    told = violations(database, {"a": 1, "b": 2, "c": 2}, MESSAGES, OWN_EVENTS)
    assert "1 notifications answer to more than one key" in told
