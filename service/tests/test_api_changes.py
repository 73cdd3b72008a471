"""Cancelling and sending again over HTTP: answers, refusals, scopes and history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from libsql_client import Client
from whatsapp_database import rows, timestamps

PATH = "/api/notifications"


async def _insert(database: Client, estado: str, **columns: str | int) -> int:
    names = "".join(f", {name}" for name in columns)
    result = await database.execute(
        f"""INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento, estado{names})
        VALUES (7, 1, 1, 'x', ?{", ?" * len(columns)}) RETURNING id""",  # noqa: S608 - constant texts
        (estado, *columns.values()),
    )
    return rows.integer(result[0], "id")


@pytest.mark.parametrize("by_delete", [True, False])
async def test_cancel_is_idempotent_and_in_the_history(
    api: httpx.AsyncClient, database: Client, by_delete: bool
) -> None:
    identifier = await _insert(database, "PENDIENTE")
    for changed in (True, False):
        if by_delete:
            response = await api.delete(f"{PATH}/{identifier}")
        else:
            response = await api.post(f"{PATH}/{identifier}/cancel")
        assert response.status_code == 200
        assert response.json() == {"id": identifier, "estado": "CANCELADA", "cambiada": changed}
    shown = (await api.get(f"{PATH}/{identifier}")).json()
    lines = [(line["estado_nuevo"], line["detalle"]) for line in shown["historial"]]
    assert (shown["estado"], lines) == ("CANCELADA", [("CANCELADA", "cancelled by all")])


async def test_what_cannot_be_cancelled_is_told_apart(api: httpx.AsyncClient, database: Client) -> None:
    soon = timestamps.to_text(datetime.now(UTC) + timedelta(minutes=1))
    answers = {}
    for identifier in (
        await _insert(database, "LEIDA"),
        await _insert(database, "PENDIENTE", reservada_por="a", reservada_hasta=soon),
        99999,
    ):
        response = await api.post(f"{PATH}/{identifier}/cancel")
        answers[response.json()["error"]["code"]] = response.status_code
    assert answers == {"not_cancellable": 409, "being_sent": 409, "not_found": 404}


async def test_requeue_one(api: httpx.AsyncClient, database: Client) -> None:
    failed = await _insert(database, "ERROR", intentos=4, codigo_error=131026)
    response = await api.post(f"{PATH}/{failed}/requeue")
    assert (response.status_code, response.json()["estado"]) == (200, "PENDIENTE")
    shown = (await api.get(f"{PATH}/{failed}")).json()
    assert (shown["intentos"], shown["codigo_error"], shown["estado"]) == (0, None, "PENDIENTE")
    assert shown["historial"][0]["detalle"].startswith("requeued by all: due at ")
    again = await api.post(f"{PATH}/{failed}/requeue")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "not_requeueable")
    unknown = await _insert(database, "DESCONOCIDA")
    assert (await api.post(f"{PATH}/{unknown}/requeue")).status_code == 409
    asked = await api.post(f"{PATH}/{unknown}/requeue", json={"incluir_desconocida": True})
    assert asked.status_code == 200
    arrived = await _insert(database, "ERROR", entregada_at="2026-01-01T00:00:00.000Z")
    assert (await api.post(f"{PATH}/{arrived}/requeue")).json()["error"]["code"] == "arrived"
    assert (await api.post(f"{PATH}/99999/requeue")).status_code == 404


async def test_requeue_by_filter(api: httpx.AsyncClient, database: Client) -> None:
    for code in (1, 1, 1, 2):
        await _insert(database, "ERROR", codigo_error=code, clase_error="transient")
    body = {"codigo_error": 1, "clase_error": "transient", "desde": "2020-01-01T00:00:00Z", "maximo": 2}
    first = await api.post(f"{PATH}/requeue", json=body)
    assert first.json() == {"reencoladas": 2, "omitidas": 0, "quedan": True}
    assert (await api.post(f"{PATH}/requeue", json=body)).json()["reencoladas"] == 1
    listed = await api.get(PATH, params={"estado": ["ERROR", "PENDIENTE"]})
    assert sorted(item["estado"] for item in listed.json()["notificaciones"]) == ["ERROR", *["PENDIENTE"] * 3]
    for wrong in ({"clase_error": "nothing"}, {"maximo": 0}, {"estado": "LEIDA"}, {"desde": "yesterday"}):
        assert (await api.post(f"{PATH}/requeue", json=wrong)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{PATH}/1/cancel"),
        ("DELETE", f"{PATH}/1"),
        ("POST", f"{PATH}/1/requeue"),
        ("POST", f"{PATH}/requeue"),
        ("POST", f"{PATH}/pauses"),
        ("DELETE", f"{PATH}/pauses"),
        ("POST", "/admin/contacts/validate-phones"),
        ("GET", "/admin/contacts/bad-phones"),
    ],
)
async def test_only_operators_may(api: httpx.AsyncClient, method: str, path: str) -> None:
    refused = await api.request(method, path, headers={"X-API-Key": "monitoring"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    unknown = await api.request(method, path, headers={"X-API-Key": "wn_guess"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, "unauthorized")
