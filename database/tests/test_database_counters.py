"""Counters by one thing at a time: what each is counted under, and that it is counted once."""

from __future__ import annotations

from typing import Any

import pytest
from libsql_client import Client, Value
from whatsapp_database import ConstraintError, migrate, rows

NAMES = ("accepted", "sent", "delivered", "read", "failed")


@pytest.fixture
async def filled(each_client: Client) -> Client:
    """Contacts in Peru (1) and Canada (2); templates of two categories."""
    await migrate(each_client)
    await each_client.batch(
        [
            """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
            VALUES (1, 7, 'Ana', '+51900000001'), (2, 8, 'Luis', '+14165550123')""",
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo, categoria)
            VALUES (1, 'a', 'a', 'Hola', 'UTILITY'), (2, 'b', 'b', 'Hola', 'MARKETING')""",
        ]
    )
    return each_client


async def _insert(client: Client, contact: int = 1, template: int = 1, **columns: Value) -> int:
    values = {
        "empresa_id": 6 + contact,
        "contacto_id": contact,
        "plantilla_id": template,
        "evento": "a",
        **columns,
    }
    result = await client.execute(
        f"INSERT INTO whatsapp_notificaciones ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608
        tuple(values.values()),
    )
    assert result.last_insert_rowid is not None
    return result.last_insert_rowid


async def _update(client: Client, notification_id: int, **columns: Value) -> None:
    await client.execute(
        f"UPDATE whatsapp_notificaciones SET {', '.join(f'{name} = ?' for name in columns)} WHERE id = ?",  # noqa: S608
        (*columns.values(), notification_id),
    )


async def _counters(client: Client, dimension: str) -> dict[tuple[str, str], int]:
    found = await client.execute(
        "SELECT nombre, clave, valor FROM whatsapp_contadores WHERE dimension = ?", (dimension,)
    )
    return {(rows.text(row, "nombre"), rows.text(row, "clave")): rows.integer(row, "valor") for row in found}


async def test_each_milestone_is_counted_under_what_it_belongs_to(filled: Client) -> None:
    await _update(filled, await _insert(filled), estado="LEIDA")
    await _update(filled, await _insert(filled, contact=2, template=2), estado="ERROR")
    read = dict.fromkeys(NAMES[:4], 1)
    failed = {"accepted": 1, "failed": 1}
    for dimension, first, second in (
        ("empresa", "7", "8"),
        ("plantilla", "1", "2"),
        ("categoria", "UTILITY", "MARKETING"),
        ("pais", "PE", "CA"),
    ):
        wanted = {(name, first): value for name, value in read.items()}
        wanted |= {(name, second): value for name, value in failed.items()}
        assert await _counters(filled, dimension) == wanted


async def test_failures_are_counted_by_error(filled: Client) -> None:
    for columns in (
        {"clase_error": "recipient", "codigo_error": 131026},
        {"clase_error": "recipient", "codigo_error": 131026},
        {"clase_error": "network", "codigo_error": None},
        {"clase_error": None, "codigo_error": 99},
        {},
    ):
        await _update(filled, await _insert(filled), estado="ERROR", **columns)
    assert await _counters(filled, "error") == {
        ("failed", "recipient/131026"): 2,
        ("failed", "network/"): 1,
        ("failed", "/99"): 1,
        ("failed", "/"): 1,
    }


async def test_an_error_that_is_told_otherwise_later_stays_counted_once(filled: Client) -> None:
    notification = await _insert(filled)
    await _update(filled, notification, estado="ERROR", clase_error="recipient", codigo_error=131026)
    await _update(
        filled, notification, fallida_at="2020-01-01T00:00:00.000Z", clase_error="policy", codigo_error=1
    )
    assert await _counters(filled, "error") == {("failed", "recipient/131026"): 1}
    assert (await _counters(filled, "empresa"))["failed", "7"] == 1


async def test_what_is_sent_again_counts_again(filled: Client) -> None:
    notification = await _insert(filled)
    for _ in range(2):
        await _update(filled, notification, estado="ENVIADA", enviada_at="2026-01-02T12:00:00.000Z")
        await _update(filled, notification, estado="ERROR", clase_error="recipient", codigo_error=131026)
        await _update(
            filled,
            notification,
            estado="PENDIENTE",
            enviada_at=None,
            fallida_at=None,
            clase_error=None,
            intentos=0,
        )
    assert await _counters(filled, "pais") == {("accepted", "PE"): 1, ("sent", "PE"): 2, ("failed", "PE"): 2}


async def test_pricing_is_counted_once_a_message(filled: Client) -> None:
    for contact, billable, category, kind in (
        (1, 1, "utility", "regular"),
        (2, 1, "utility", "regular"),
        (1, 0, "utility", "free_customer_service"),
        (1, 1, None, None),
    ):
        notification = await _insert(filled, contact)
        for _ in range(2):
            await _update(
                filled, notification, facturable=billable, cobro_categoria=category, cobro_tipo=kind
            )
    assert await _counters(filled, "cobro") == {
        ("billable", "utility/regular"): 2,
        ("free", "utility/free_customer_service"): 1,
        ("billable", "/"): 1,
    }
    by_company = await _counters(filled, "empresa")
    assert {key: value for key, value in by_company.items() if key[0] in {"billable", "free"}} == {
        ("billable", "7"): 2,
        ("billable", "8"): 1,
    }


async def test_attempts_after_the_first_are_retries(filled: Client) -> None:
    notification = await _insert(filled)
    for attempts in (1, 2, 3, 2, 3, 0, 1):  # the fourth did not count; then somebody sent it again
        await _update(filled, notification, intentos=attempts)
    assert (await _counters(filled, "total"))["retried", ""] == 3


async def test_unknown_outcomes(filled: Client) -> None:
    notification = await _insert(filled)
    for estado in ("DESCONOCIDA", "DESCONOCIDA", "PENDIENTE", "DESCONOCIDA"):
        await _update(filled, notification, estado=estado)
    await _insert(filled, estado="DESCONOCIDA")
    assert (await _counters(filled, "total"))["unknown", ""] == 3


async def test_an_imported_row_counts_as_one_that_lived_here(filled: Client) -> None:
    columns: dict[str, Any] = {
        "created_at": "2026-01-02T12:00:00.000Z",
        "programada_para": "2026-01-02T12:00:01.000Z",
        "enviada_at": "2026-01-02T12:00:03.000Z",
        "entregada_at": "2026-01-02T12:00:10.000Z",
        "leida_at": "2026-01-02T13:00:10.000Z",
        "fallida_at": "2026-01-02T12:00:09.000Z",
        "clase_error": "deferred",
        "codigo_error": 131049,
        "facturable": 1,
        "cobro_categoria": "utility",
        "cobro_tipo": "regular",
    }
    await _insert(filled, estado="LEIDA", **columns)
    assert await _counters(filled, "pais") == {(name, "PE"): 1 for name in NAMES}
    assert await _counters(filled, "error") == {("failed", "deferred/131049"): 1}
    assert await _counters(filled, "cobro") == {("billable", "utility/regular"): 1}
    times = await filled.execute(
        "SELECT nombre, suma FROM whatsapp_duraciones WHERE total > 0 ORDER BY nombre"
    )
    assert [row.astuple() for row in times] == [
        ("accepted_to_sent", 3),
        ("delivered_to_read", 3600),
        ("due_to_sent", 2),
        ("sent_to_delivered", 7),
    ]
    day = await filled.execute(
        "SELECT total, enviadas, entregadas, leidas, errores FROM whatsapp_metricas_diarias"
    )
    assert [row.astuple() for row in day] == [(1, 1, 1, 1, 0)]
    row = (await filled.execute(f"SELECT estado, {', '.join(columns)} FROM whatsapp_notificaciones"))[0]  # noqa: S608
    assert row.astuple() == ("LEIDA", *columns.values())


async def test_the_country_follows_the_number(filled: Client) -> None:
    await _insert(filled)
    await filled.execute("UPDATE whatsapp_contactos SET telefono = '+77011234567' WHERE id = 1")
    await _insert(filled)
    await filled.execute("UPDATE whatsapp_contactos SET telefono = '+99912345678' WHERE id = 1")
    await _insert(filled)
    assert await _counters(filled, "pais") == {("accepted", name): 1 for name in ("PE", "KZ", "ZZ")}


@pytest.mark.parametrize("phone", ["51900000001", "+0900000001", "", "+"])
async def test_a_number_that_is_not_international_is_refused(filled: Client, phone: str) -> None:
    with pytest.raises(ConstraintError):
        await filled.execute(
            "INSERT INTO whatsapp_contactos (empresa_id, nombre, telefono) VALUES (7, 'x', ?)", (phone,)
        )
