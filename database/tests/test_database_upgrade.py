"""A database of the first release, with notifications in it, is brought to this one."""

from __future__ import annotations

from libsql_client import Client
from whatsapp_database import migrate, packaged_migrations, rows

FIRST_RELEASE = 2


async def test_stored_notifications_and_counts_survive(client: Client) -> None:
    await migrate(client, packaged_migrations()[:FIRST_RELEASE])
    await client.batch(
        [
            """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
            VALUES (1, 7, 'Ana', '+51900000001')""",
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
            VALUES (1, 'a', 'a', 'Hola')""",
            """INSERT INTO whatsapp_notificaciones
                (id, empresa_id, contacto_id, plantilla_id, evento, estado, updated_at)
            VALUES (1, 7, 1, 1, 'a', 'ERROR', '2026-01-02T12:00:00.000Z'),
                (2, 7, 1, 1, 'a', 'LEIDA', '2026-01-02T12:00:00.000Z'),
                (3, 7, 1, 1, 'a', 'PENDIENTE', '2026-01-02T12:00:00.000Z')""",
            "UPDATE scheduler_state SET heartbeat = '2026-01-02T12:00:00.000Z'",
        ]
    )
    before = await _totals(client)
    await migrate(client)
    assert (
        await _totals(client) == before == {"accepted": 3, "sent": 1, "delivered": 1, "read": 1, "failed": 1}
    )
    failed = await client.execute(
        "SELECT id, fallida_at FROM whatsapp_notificaciones WHERE fallida_at NOTNULL"
    )
    assert [row.astuple() for row in failed] == [(1, "2026-01-02T12:00:00.000Z")]
    await client.execute("UPDATE whatsapp_notificaciones SET estado = 'ERROR' WHERE id = 3")
    assert (await _totals(client))["failed"] == 2
    day = (await client.execute("SELECT sum(errores) AS errores FROM whatsapp_metricas_diarias"))[0]
    assert rows.integer(day, "errores") == 2


async def _totals(client: Client) -> dict[str, int]:
    found = await client.execute("SELECT nombre, valor FROM whatsapp_contadores WHERE dimension = 'empresa'")
    return {rows.text(row, "nombre"): rows.integer(row, "valor") for row in found}
