"""Messages without news by minute, and recipients by hour, also after the cleanup took old ones away."""

from __future__ import annotations

from libsql_client import Client, Value


async def _insert(client: Client, contact: int = 1) -> int:
    result = await client.execute(
        """INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento)
        VALUES (7, ?, 1, 'a')""",
        (contact,),
    )
    assert result.last_insert_rowid is not None
    return result.last_insert_rowid


async def _send(client: Client, notification_id: int, moment: str) -> None:
    await client.execute(
        "UPDATE whatsapp_notificaciones SET estado = 'ENVIADA', enviada_at = ? WHERE id = ?",
        (moment, notification_id),
    )


async def _kept(client: Client, table: str) -> dict[Value, Value]:
    found = await client.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
    return {row[0]: row["total"] for row in found}


async def test_a_moment_that_is_corrected_moves_to_its_minute(each_migrated: Client) -> None:
    notification = await _insert(each_migrated)
    await _send(each_migrated, notification, "2026-01-02T12:01:00.100Z")
    await _send(each_migrated, notification, "2026-01-02T12:00:59.000Z")
    kept = await _kept(each_migrated, "whatsapp_enviadas_minuto")
    assert kept == {"2026-01-02T12:01": 0, "2026-01-02T12:00": 1}
    await each_migrated.execute("UPDATE whatsapp_notificaciones SET estado = 'ENTREGADA'")
    assert set((await _kept(each_migrated, "whatsapp_enviadas_minuto")).values()) == {0}


async def test_no_minute_goes_below_none(migrated: Client) -> None:
    first, second = await _insert(migrated), await _insert(migrated)
    await _send(migrated, first, "2026-01-02T12:00:00.000Z")
    await migrated.execute("DELETE FROM whatsapp_enviadas_minuto")
    await _send(migrated, second, "2026-01-02T12:00:30.000Z")
    await migrated.execute("UPDATE whatsapp_notificaciones SET estado = 'ENTREGADA'")
    await migrated.execute("UPDATE whatsapp_notificaciones SET estado = 'ENVIADA' WHERE id = 1")
    await migrated.execute("DELETE FROM whatsapp_enviadas_minuto")
    await migrated.execute("DELETE FROM whatsapp_notificaciones")
    await _send(migrated, await _insert(migrated), "2026-01-02T12:00:30.000Z")
    assert await _kept(migrated, "whatsapp_enviadas_minuto") == {"2026-01-02T12:00": 1}


async def test_a_recipient_counts_in_the_hour_of_the_last_message(each_migrated: Client) -> None:
    await each_migrated.execute(
        """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
        VALUES (2, 7, 'Luis', '+51900000002')"""
    )
    for contact, moment in (
        (1, "2026-01-02T10:00:00.000Z"),
        (1, "2026-01-02T12:00:00.000Z"),
        (2, "2026-01-02T12:30:00.000Z"),
        (1, "2026-01-02T12:59:59.999Z"),
        (1, "2026-01-02T11:00:00.000Z"),  # told late
    ):
        await _send(each_migrated, await _insert(each_migrated, contact), moment)
    hours = {"2026-01-02T10": 0, "2026-01-02T12": 2}
    assert await _kept(each_migrated, "whatsapp_destinatarios_hora") == hours


async def test_no_hour_goes_below_none(migrated: Client) -> None:
    await _send(migrated, await _insert(migrated), "2026-01-02T10:00:00.000Z")
    await migrated.execute("UPDATE whatsapp_destinatarios_hora SET total = 0")
    await _send(migrated, await _insert(migrated), "2026-01-02T12:00:00.000Z")
    await migrated.execute("DELETE FROM whatsapp_destinatarios_hora WHERE hora = '2026-01-02T12'")
    await _send(migrated, await _insert(migrated), "2026-01-02T14:00:00.000Z")
    hours = {"2026-01-02T10": 0, "2026-01-02T14": 1}
    assert await _kept(migrated, "whatsapp_destinatarios_hora") == hours


async def test_a_contact_that_is_deleted_is_no_recipient(migrated: Client) -> None:
    await _send(migrated, await _insert(migrated), "2026-01-02T10:00:00.000Z")
    await migrated.execute("DELETE FROM whatsapp_notificaciones")
    await migrated.execute("DELETE FROM whatsapp_contactos")
    assert await _kept(migrated, "whatsapp_destinatarios_hora") == {"2026-01-02T10": 0}
