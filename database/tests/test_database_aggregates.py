"""The triggers keep counts right through every change of state and every delete."""

from __future__ import annotations

import random

from libsql_client import Client


async def _insert(
    client: Client, estado: str = "PENDIENTE", plantilla_id: int = 1, empresa_id: int = 7
) -> int:
    result = await client.execute(
        "INSERT INTO whatsapp_notificaciones"
        " (empresa_id, contacto_id, plantilla_id, evento, estado, fecha_metrica)"
        " VALUES (?, 1, ?, 'a', ?, '2026-01-02')",
        (empresa_id, plantilla_id, estado),
    )
    assert result.last_insert_rowid is not None
    return result.last_insert_rowid


async def _set(client: Client, notification_id: int, estado: str) -> None:
    await client.execute(
        "UPDATE whatsapp_notificaciones SET estado = ? WHERE id = ?", (estado, notification_id)
    )


async def _totals(client: Client) -> dict[object, object]:
    result = await client.execute(
        "SELECT nombre, sum(valor) AS v FROM whatsapp_contadores WHERE dimension = 'empresa' GROUP BY nombre"
    )
    return {row["nombre"]: row["v"] for row in result}


async def _states(client: Client) -> dict[object, object]:
    result = await client.execute(
        "SELECT estado, sum(total) AS v FROM whatsapp_conteo_estados GROUP BY estado"
    )
    return {row["estado"]: row["v"] for row in result if row["v"]}


async def _day(client: Client) -> tuple[object, ...]:
    result = await client.execute(
        "SELECT sum(total), sum(enviadas), sum(entregadas), sum(leidas), sum(errores)"
        " FROM whatsapp_metricas_diarias WHERE fecha_metrica = '2026-01-02'"
    )
    return result[0].astuple()


async def test_usual_life(each_migrated: Client) -> None:
    notification = await _insert(each_migrated)
    assert await _totals(each_migrated) == {"accepted": 1}
    for estado in ("ENVIADA", "ENTREGADA", "LEIDA"):
        await _set(each_migrated, notification, estado)
    assert await _totals(each_migrated) == {"accepted": 1, "sent": 1, "delivered": 1, "read": 1}
    assert await _states(each_migrated) == {"LEIDA": 1}
    assert await _day(each_migrated) == (1, 1, 1, 1, 0)


async def test_read_implies_delivered_and_sent(each_migrated: Client) -> None:
    await _set(each_migrated, await _insert(each_migrated), "LEIDA")
    assert await _totals(each_migrated) == {"accepted": 1, "sent": 1, "delivered": 1, "read": 1}
    row = (
        await each_migrated.execute("SELECT enviada_at, entregada_at, leida_at FROM whatsapp_notificaciones")
    )[0]
    assert all(isinstance(value, str) for value in row.astuple())


async def test_repeated_state_counts_once(each_migrated: Client) -> None:
    notification = await _insert(each_migrated)
    for estado in ("ENVIADA", "ENVIADA", "ENTREGADA", "ENVIADA", "ENTREGADA"):
        await _set(each_migrated, notification, estado)
    assert await _totals(each_migrated) == {"accepted": 1, "sent": 1, "delivered": 1}
    assert await _states(each_migrated) == {"ENTREGADA": 1}


async def test_failure_and_retry(each_migrated: Client) -> None:
    notification = await _insert(each_migrated)
    await _set(each_migrated, notification, "ERROR")
    assert await _day(each_migrated) == (1, 0, 0, 0, 1)
    await _set(each_migrated, notification, "PENDIENTE")
    await _set(each_migrated, notification, "ENVIADA")
    assert await _day(each_migrated) == (1, 1, 0, 0, 0)
    assert await _totals(each_migrated) == {"accepted": 1, "failed": 1, "sent": 1}


async def test_imported_rows_count_what_their_state_says(each_migrated: Client) -> None:
    for estado in ("ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "CANCELADA"):
        await _insert(each_migrated, estado)
    assert await _totals(each_migrated) == {"accepted": 5, "sent": 3, "delivered": 2, "read": 1, "failed": 1}
    assert await _day(each_migrated) == (5, 3, 2, 1, 1)


async def test_delete_lowers_states_but_no_counter(each_migrated: Client) -> None:
    await _set(each_migrated, await _insert(each_migrated), "ENTREGADA")
    await _insert(each_migrated)
    before = await _totals(each_migrated)
    await each_migrated.execute("DELETE FROM whatsapp_notificaciones WHERE estado = 'ENTREGADA'")
    assert await _totals(each_migrated) == before
    assert await _states(each_migrated) == {"PENDIENTE": 1}
    assert await _day(each_migrated) == (2, 1, 1, 0, 0)


async def test_state_counts_equal_a_recount_after_random_changes(each_migrated: Client) -> None:
    chance = random.Random(20260102)  # noqa: S311 - a seeded sequence for a test, nothing secret
    states = ["PENDIENTE", "ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "CANCELADA", "DESCONOCIDA"]
    for _ in range(60):
        await _insert(each_migrated, plantilla_id=chance.choice([1, 2]), empresa_id=chance.choice([7, 8]))
    for _ in range(300):
        await _set(each_migrated, chance.randint(1, 60), chance.choice(states))
    await each_migrated.execute("DELETE FROM whatsapp_notificaciones WHERE id % 5 = 0")
    recount = await each_migrated.execute(
        "SELECT empresa_id, estado, count(*) AS total FROM whatsapp_notificaciones"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
    kept = await each_migrated.execute("SELECT * FROM whatsapp_conteo_estados WHERE total <> 0 ORDER BY 1, 2")
    assert [row.astuple() for row in kept] == [row.astuple() for row in recount]
    assert (await each_migrated.execute("SELECT min(total) FROM whatsapp_conteo_estados"))[0][0] == 0
