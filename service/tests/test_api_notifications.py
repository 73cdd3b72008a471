"""POST and GET /api/notifications and its neighbours."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from libsql_client import Client
from whatsapp_database import timestamps

PATH = "/api/notifications"


def _request(**changes: object) -> dict[str, Any]:
    body = {"empresa_id": 7, "contacto_id": 1, "plantilla_id": 1, "variables": {"nombre": "Ana"}}
    return body | changes


async def test_accepted_notification_is_stored_with_history(api: httpx.AsyncClient, database: Client) -> None:
    response = await api.post(PATH, json=_request(valorizacion_id=123))
    assert response.status_code == 201
    answer = response.json()
    assert answer.keys() == {"id", "estado", "programada_para", "created_at"}
    assert answer["estado"] == "PENDIENTE"
    shown = (await api.get(f"{PATH}/{answer['id']}")).json()
    assert (shown["valorizacion_id"], shown["evento"]) == (123, "valorizacion_aprobada")
    history = await database.execute(
        "SELECT notificacion_id, estado_nuevo FROM whatsapp_historial_notificaciones"
    )
    assert [row.astuple() for row in history] == [(answer["id"], "PENDIENTE")]


async def test_the_request_id_is_kept_with_the_notification(api: httpx.AsyncClient) -> None:
    created = await api.post(PATH, json=_request(), headers={"X-Request-ID": "req_from_nginx"})
    shown = (await api.get(f"{PATH}/{created.json()['id']}")).json()
    assert shown["request_id"] == "req_from_nginx"
    assert [(line["estado_anterior"], line["estado_nuevo"]) for line in shown["historial"]] == [
        (None, "PENDIENTE")
    ]


async def test_template_by_event_and_time_in_the_future(api: httpx.AsyncClient) -> None:
    body = _request(evento="valorizacion_aprobada", programada_para="2100-01-02T03:04:05-05:00")
    del body["plantilla_id"]
    answer = (await api.post(PATH, json=body)).json()
    assert answer["programada_para"] == "2100-01-02T08:04:05.000Z"


async def test_outside_company_hours_the_next_opening_is_due(
    api: httpx.AsyncClient, database: Client
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoweekday()
    await database.execute(
        """INSERT INTO whatsapp_configuracion_horarios
            (empresa_id, empresa_nombre, zona_horaria, hora_inicio, hora_fin, dias)
        VALUES (7, 'Siete', 'UTC', '09:00', '18:00', ?)""",
        (f"[{tomorrow}]",),
    )
    answer = (await api.post(PATH, json=_request())).json()
    due = timestamps.from_text(answer["programada_para"])
    assert (due.isoweekday(), due.hour, due.minute) == (tomorrow, 9, 0)


async def test_idempotency_key_stores_once(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    twins = await asyncio.gather(*(api.post(PATH, json=_request(), headers=headers) for _ in range(5)))
    assert sorted(response.status_code for response in twins) == [200, 200, 200, 200, 201]
    assert len({response.json()["id"] for response in twins}) == 1
    other = await api.post(PATH, json=_request(valorizacion_id=9), headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert (await api.get(PATH)).json()["total"] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"contacto_id": 99}, "contact_not_found"),
        ({"empresa_id": 8}, "company_not_found"),
        ({"contacto_id": 2}, "contact_inactive"),
        ({"plantilla_id": 99}, "template_not_found"),
        ({"variables": {}}, "variable_missing"),
        ({"variables": {"nombre": "  "}}, "variable_missing"),
        ({"evento": "x"}, "invalid_field"),
        ({"empresa_id": "7"}, "invalid_field"),
        ({"programada_para": "2100-01-01T00:00:00"}, "invalid_field"),
        ({"unheard_of": 1}, "invalid_field"),
    ],
)
async def test_wrong_requests_are_refused(
    api: httpx.AsyncClient, changes: dict[str, object], code: str
) -> None:
    response = await api.post(PATH, json=_request(**changes))
    assert (response.status_code, response.json()["error"]["code"]) == (422, code)


async def test_bodies_are_bounded_and_must_be_json(api: httpx.AsyncClient) -> None:
    broken = await api.post(PATH, content=b"{")
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "invalid_json")
    declared = await api.post(PATH, content=b"x" * 70_000)

    async def stream() -> Any:  # noqa: ANN401 - an async generator of chunks, as httpx takes it
        for _ in range(70):
            yield b"x" * 1000

    chunked = await api.post(PATH, content=stream())
    assert (declared.status_code, chunked.status_code) == (413, 413)


async def test_list_pages_without_phone_numbers(api: httpx.AsyncClient, database: Client) -> None:
    for _ in range(3):
        await api.post(PATH, json=_request())
    await database.execute(
        "UPDATE whatsapp_notificaciones SET estado = 'ERROR', ultimo_error = '(131026) x' WHERE id = 1"
    )
    page = (await api.get(PATH, params={"estado": "PENDIENTE", "limite": 1})).json()
    assert (page["total"], page["limite"], [item["id"] for item in page["notificaciones"]]) == (2, 1, [3])
    errors = await api.get(PATH, params={"estado": "ERROR"})
    assert errors.json()["notificaciones"][0]["ultimo_error"] == "(131026) x"
    assert "987654321" not in errors.text
    assert (await api.get(PATH, params={"offset": 2})).json()["notificaciones"][0]["id"] == 1


async def test_filters_and_pages_by_key(api: httpx.AsyncClient, database: Client) -> None:
    for number in range(5):
        await api.post(PATH, json=_request(valorizacion_id=1 + number % 2))
    await database.execute(
        """UPDATE whatsapp_notificaciones SET estado = 'ERROR', clase_error = 'recipient',
            codigo_error = 131026 WHERE id = 2"""
    )
    for query, ids in (
        ("estado=ERROR&estado=LEIDA", [2]),
        ("empresa_id=7&estado=PENDIENTE", [5, 4, 3, 1]),
        ("contacto_id=1&valorizacion_id=1", [5, 3, 1]),
        ("clase_error=recipient&codigo_error=131026&plantilla_id=1", [2]),
        ("desde=2020-01-01T00:00:00Z&hasta=2020-01-02T00:00:00Z", []),
        ("empresa_id=8", []),
    ):
        page = (await api.get(f"{PATH}?{query}")).json()
        assert [item["id"] for item in page["notificaciones"]] == ids
        assert (page["total"], page["total_exacto"], page["siguiente"]) == (len(ids), True, None)
    first = (await api.get(PATH, params={"limite": 3})).json()
    assert (first["total"], first["siguiente"]) == (5, 3)
    rest = (await api.get(PATH, params={"limite": 3, "antes_de": first["siguiente"]})).json()
    assert ([item["id"] for item in rest["notificaciones"]], rest["siguiente"]) == ([2, 1], None)


@pytest.mark.parametrize("query", ["limite=0", "limite=501", "limite=x", "offset=-1", "estado=NADA"])
async def test_wrong_parameters_are_refused(api: httpx.AsyncClient, query: str) -> None:
    response = await api.get(f"{PATH}?{query}")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_parameter")


async def test_keys_and_scopes(api: httpx.AsyncClient) -> None:
    assert (await api.get(PATH, headers={"X-API-Key": ""})).status_code == 401
    assert (await api.get(PATH, headers={"X-API-Key": "wrong"})).status_code == 401
    assert (await api.get(PATH, headers={"X-API-Key": "monitoring"})).status_code == 403
    assert (await api.get(f"{PATH}/metrics", headers={"X-API-Key": "monitoring"})).status_code == 200


async def test_errors_carry_the_request_id(api: httpx.AsyncClient) -> None:
    given = await api.get(f"{PATH}/12345", headers={"X-Request-ID": "req_mine"})
    assert given.status_code == 404
    assert given.headers["x-request-id"] == given.json()["error"]["request_id"] == "req_mine"
    made = await api.get("/nowhere", headers={"X-Request-ID": "not acceptable"})
    assert made.status_code == 404
    assert made.json()["error"]["request_id"] == made.headers["x-request-id"]
    assert made.headers["x-request-id"].startswith("req_")
    assert (await api.delete(PATH)).json()["error"]["code"] == "method_not_allowed"


async def test_process_pending_wakes_the_scheduler(api: httpx.AsyncClient, database: Client) -> None:
    await api.post(PATH, json=_request())
    response = await api.post(f"{PATH}/process-pending?limit=200")
    assert response.status_code == 202
    assert (response.json()["pendientes"], response.json()["aceptadas"]) == (1, 1)
    row = (await database.execute("SELECT wake_requested_at FROM scheduler_state"))[0]
    assert row[0] == response.json()["solicitado_at"]


async def test_templates_are_a_plain_list(api: httpx.AsyncClient) -> None:
    listed = (await api.get(f"{PATH}/templates")).json()
    assert [(item["evento"], item["activo"], item["variables"]) for item in listed] == [
        ("valorizacion_aprobada", True, ["nombre"])
    ]
