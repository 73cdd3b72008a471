"""Templates with what Meta says of them, and the events of the account."""

from __future__ import annotations

import httpx
from libsql_client import Client

EVENTS = "/api/notifications/account-events"


async def test_templates_show_metas_state(api: httpx.AsyncClient, database: Client) -> None:
    (before,) = (await api.get("/api/notifications/templates")).json()
    assert (before["meta_estado"], before["meta_at"], before["retenida"]) == (None, None, False)
    await database.execute(
        """UPDATE whatsapp_plantillas_mensajes SET meta_estado = 'PAUSED', meta_calidad = 'RED',
            meta_categoria = 'MARKETING', meta_motivo = 'FIRST_PAUSE', meta_at = '2026-01-02T00:00:00.000Z'"""
    )
    (shown,) = (await api.get("/api/notifications/templates")).json()
    assert {name: value for name, value in shown.items() if name.startswith("meta_")} == {
        "meta_estado": "PAUSED",
        "meta_calidad": "RED",
        "meta_categoria": "MARKETING",
        "meta_motivo": "FIRST_PAUSE",
        "meta_at": "2026-01-02T00:00:00.000Z",
    }


async def test_events_in_pages_and_by_field(api: httpx.AsyncClient, database: Client) -> None:
    for number in range(5):
        await database.execute(
            """INSERT INTO whatsapp_eventos_cuenta
                (campo, evento, objeto, detalle, huella, ocurrido_at, received_at)
            VALUES (?, 'PAUSED', 'valorizacion_aprobada', '{"reason": "x"}', ?, ?, ?)""",
            (
                "message_template_status_update" if number % 2 else "account_update",
                str(number),
                "2026-01-02T00:00:00.000Z",
                "2026-01-02T00:00:01.000Z",
            ),
        )
    first = (await api.get(EVENTS, params={"limite": 3})).json()
    assert ([event["id"] for event in first["eventos"]], first["siguiente"]) == ([5, 4, 3], 3)
    assert first["eventos"][0] == {
        "id": 5,
        "campo": "account_update",
        "evento": "PAUSED",
        "objeto": "valorizacion_aprobada",
        "detalle": {"reason": "x"},
        "ocurrido_at": "2026-01-02T00:00:00.000Z",
        "received_at": "2026-01-02T00:00:01.000Z",
    }
    rest = (await api.get(EVENTS, params={"limite": 3, "antes_de": 3})).json()
    assert ([event["id"] for event in rest["eventos"]], rest["siguiente"]) == ([2, 1], None)
    narrowed = (await api.get(EVENTS, params={"campo": "message_template_status_update"})).json()
    assert [event["id"] for event in narrowed["eventos"]] == [4, 2]
    assert (await api.get(EVENTS, params={"campo": "'; --"})).status_code == 422
