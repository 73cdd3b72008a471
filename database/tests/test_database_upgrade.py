"""A database of an earlier release, with notifications in it, is brought to this one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from libsql_client import Client
from whatsapp_database import migrate, packaged_migrations, rows
from whatsapp_database.timestamps import to_text

FIRST_RELEASE = 2
BEFORE_COUNTERS = 3


@pytest.mark.parametrize("release", [FIRST_RELEASE, BEFORE_COUNTERS])
async def test_stored_notifications_and_counts_survive(each_client: Client, release: int) -> None:
    await migrate(each_client, packaged_migrations()[:release])
    await each_client.batch(
        [
            """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
            VALUES (1, 7, 'Ana', '+51900000001')""",
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo, categoria)
            VALUES (1, 'a', 'a', 'Hola', 'UTILITY'), (2, 'b', 'b', 'Hola', 'MARKETING')""",
            """INSERT INTO whatsapp_notificaciones
                (id, empresa_id, contacto_id, plantilla_id, evento, estado, updated_at)
            VALUES (1, 7, 1, 1, 'a', 'ERROR', '2026-01-02T12:00:00.000Z'),
                (2, 7, 1, 1, 'a', 'LEIDA', '2026-01-02T12:00:00.000Z'),
                (3, 8, 1, 2, 'a', 'PENDIENTE', '2026-01-02T12:00:00.000Z')""",
        ]
    )
    if release == FIRST_RELEASE:
        await each_client.execute("UPDATE scheduler_state SET heartbeat = '2026-01-02T12:00:00.000Z'")
    before = await each_client.execute("SELECT nombre, empresa_id, plantilla_id, valor FROM whatsapp_totales")
    totals = [row.astuple() for row in before]
    assert len(totals) == 6

    await migrate(each_client)

    for dimension, column in (("empresa", 1), ("plantilla", 2)):
        assert await _counters(each_client, dimension) == _summed(totals, column)
    names = {1: "UTILITY", 2: "MARKETING"}
    by_category = [(*total[:2], names[total[2]], total[3]) for total in totals if isinstance(total[2], int)]
    assert await _counters(each_client, "categoria") == _summed(by_category, 2)
    assert await _counters(each_client, "total") == {("retried", ""): 0, ("unknown", ""): 0}

    failed = await each_client.execute(
        "SELECT id, fallida_at IS NOT NULL AS failed FROM whatsapp_notificaciones WHERE estado = 'ERROR'"
    )
    assert [row.astuple() for row in failed] == [(1, 1)]
    await each_client.execute("UPDATE whatsapp_notificaciones SET estado = 'ERROR' WHERE id = 3")
    assert (await _counters(each_client, "empresa"))["failed", "8"] == 1
    assert (await _counters(each_client, "pais")) == {("failed", "PE"): 1}
    day = (await each_client.execute("SELECT sum(errores) AS errores FROM whatsapp_metricas_diarias"))[0]
    assert rows.integer(day, "errores") == 2


async def test_the_last_days_are_counted_at_once(client: Client) -> None:
    await migrate(client, packaged_migrations()[:BEFORE_COUNTERS])
    now = datetime.now(UTC)
    recent, earlier, old = (to_text(now - timedelta(hours=hours)) for hours in (1, 5, 72))
    await client.batch(
        [
            """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
            VALUES (1, 7, 'Ana', '+51900000001'), (2, 7, 'Luis', '+14165550123'),
                (3, 7, 'Eva', '+34600000000')""",
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
            VALUES (1, 'a', 'a', 'Hola')""",
            *(
                (
                    """INSERT INTO whatsapp_notificaciones
                        (empresa_id, contacto_id, plantilla_id, evento, estado, enviada_at)
                    VALUES (7, ?, 1, 'a', ?, ?)""",
                    values,
                )
                for values in (
                    (1, "ENVIADA", recent),
                    (1, "ENVIADA", earlier),
                    (2, "ENTREGADA", earlier),
                    (3, "ENVIADA", old),
                )
            ),
        ]
    )

    await migrate(client)

    waiting = await client.execute("SELECT minuto, total FROM whatsapp_enviadas_minuto ORDER BY minuto DESC")
    assert [row.astuple() for row in waiting] == [(recent[:16], 1), (earlier[:16], 1)]
    hours = await client.execute("SELECT hora, total FROM whatsapp_destinatarios_hora ORDER BY hora DESC")
    assert [row.astuple() for row in hours] == [(recent[:13], 1), (earlier[:13], 1)]
    countries = await client.execute("SELECT pais FROM whatsapp_contactos ORDER BY id")
    assert [row["pais"] for row in countries] == ["PE", "CA", "ES"]


async def _counters(client: Client, dimension: str) -> dict[tuple[str, str], int]:
    found = await client.execute(
        "SELECT nombre, clave, valor FROM whatsapp_contadores WHERE dimension = ?", (dimension,)
    )
    return {(rows.text(row, "nombre"), rows.text(row, "clave")): rows.integer(row, "valor") for row in found}


def _summed(totals: Sequence[tuple[object, ...]], column: int) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for total in totals:
        key, value = (str(total[0]), str(total[column])), total[3]
        assert isinstance(value, int)
        sums[key] = sums.get(key, 0) + value
    return sums
