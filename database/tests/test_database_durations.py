"""Times in buckets: what each of the four is measured from, and what is not measured."""

from __future__ import annotations

import pytest
from libsql_client import Client
from whatsapp_database import rows

SENT = "2026-01-02T12:00:03.250Z"


async def _insert(client: Client, **columns: str) -> int:
    values = {
        "created_at": "2026-01-02T12:00:00.000Z",
        "programada_para": "2026-01-02T12:00:01.000Z",
        **columns,
    }
    result = await client.execute(
        f"""INSERT INTO whatsapp_notificaciones
            (empresa_id, contacto_id, plantilla_id, evento, {", ".join(values)})
        VALUES (7, 1, 1, 'a', {", ".join("?" * len(values))})""",  # noqa: S608
        tuple(values.values()),
    )
    assert result.last_insert_rowid is not None
    return result.last_insert_rowid


async def _update(client: Client, notification_id: int, **columns: str | None) -> None:
    await client.execute(
        f"UPDATE whatsapp_notificaciones SET {', '.join(f'{name} = ?' for name in columns)} WHERE id = ?",  # noqa: S608
        (*columns.values(), notification_id),
    )


async def _measured(client: Client) -> dict[str, list[tuple[float, int, float]]]:
    """Buckets that hold something: bound, how many, seconds."""
    found = await client.execute("SELECT * FROM whatsapp_duraciones WHERE total > 0 ORDER BY nombre, limite")
    measured: dict[str, list[tuple[float, int, float]]] = {}
    for row in found:
        bucket = (rows.real(row, "limite"), rows.integer(row, "total"), rows.real(row, "suma"))
        measured.setdefault(rows.text(row, "nombre"), []).append(bucket)
    return measured


async def test_a_usual_life(each_migrated: Client) -> None:
    notification = await _insert(each_migrated)
    await _update(each_migrated, notification, estado="ENVIADA", enviada_at=SENT)
    await _update(each_migrated, notification, estado="ENTREGADA", entregada_at="2026-01-02T12:00:09.000Z")
    await _update(each_migrated, notification, estado="LEIDA", leida_at="2026-01-02T14:00:09.000Z")
    assert await _measured(each_migrated) == {
        "accepted_to_sent": [(5, 1, 3.25)],
        "due_to_sent": [(2.5, 1, 2.25)],
        "sent_to_delivered": [(10, 1, 5.75)],
        "delivered_to_read": [(14400, 1, 7200)],
    }


@pytest.mark.parametrize(
    ("delivered", "bound", "seconds"),
    [
        ("2026-01-02T12:00:03.000Z", 0.5, 0),  # Meta tells whole seconds: earlier than our own moment
        ("2026-01-02T11:00:00.000Z", 0.5, 0),  # its clock or ours is wrong
        ("2026-01-02T12:00:03.750Z", 0.5, 0.5),
        ("2026-01-02T12:00:03.751Z", 1, 0.501),
        ("2026-01-03T12:00:03.250Z", 86400, 86400),
        ("2026-01-03T12:00:03.251Z", 1e18, 86400.001),
    ],
)
async def test_bounds(migrated: Client, delivered: str, bound: float, seconds: float) -> None:
    notification = await _insert(migrated)
    await _update(migrated, notification, estado="ENVIADA", enviada_at=SENT)
    await _update(migrated, notification, estado="ENTREGADA", entregada_at=delivered)
    assert (await _measured(migrated))["sent_to_delivered"] == [(bound, 1, seconds)]


async def test_due_is_when_it_was_last_due(migrated: Client) -> None:
    notification = await _insert(migrated)
    await _update(migrated, notification, programada_para="2026-01-02T12:00:03.000Z")  # to be tried again
    await _update(migrated, notification, estado="ENVIADA", enviada_at=SENT)
    assert (await _measured(migrated))["due_to_sent"] == [(0.5, 1, 0.25)]


async def test_a_delivery_told_before_the_answer_to_the_send(migrated: Client) -> None:
    notification = await _insert(migrated, envio_iniciado_at="2026-01-02T12:00:02.900Z")
    moment = "2026-01-02T12:00:04.000Z"
    await _update(migrated, notification, estado="ENTREGADA", enviada_at=moment, entregada_at=moment)
    assert (await _measured(migrated))["sent_to_delivered"] == [(2.5, 1, 1.1)]


async def test_a_sending_that_only_the_delivery_implies_is_not_measured(migrated: Client) -> None:
    notification = await _insert(migrated, estado="DESCONOCIDA")
    moment = "2026-01-02T15:00:00.000Z"
    await _update(migrated, notification, estado="ENTREGADA", enviada_at=moment, entregada_at=moment)
    assert "sent_to_delivered" not in await _measured(migrated)


async def test_a_delivery_that_only_the_reading_implies_is_not_measured(migrated: Client) -> None:
    notification = await _insert(migrated)
    await _update(migrated, notification, estado="ENVIADA", enviada_at=SENT)
    moment = "2026-01-02T15:00:00.000Z"
    await _update(migrated, notification, estado="LEIDA", entregada_at=moment, leida_at=moment)
    measured = await _measured(migrated)
    assert "delivered_to_read" not in measured
    assert measured["sent_to_delivered"] == [(14400, 1, 10796.75)]


async def test_a_time_that_is_corrected_is_measured_once(migrated: Client) -> None:
    notification = await _insert(migrated)
    await _update(migrated, notification, estado="ENVIADA", enviada_at=SENT)
    for delivered in ("2026-01-02T12:00:09.000Z", "2026-01-02T12:00:08.000Z"):
        await _update(migrated, notification, estado="ENTREGADA", entregada_at=delivered)
    assert (await _measured(migrated))["sent_to_delivered"] == [(10, 1, 5.75)]


async def test_a_moment_that_cannot_be_read_is_not_measured(migrated: Client) -> None:
    notification = await _insert(migrated, created_at="yesterday")
    await _update(migrated, notification, estado="ENVIADA", enviada_at=SENT)
    assert set(await _measured(migrated)) == {"due_to_sent"}
