"""Pausing and resuming over HTTP."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from libsql_client import Client
from whatsapp_service.pauses import Origin, Pause, Scope, pause

PATH = "/api/notifications/pauses"


async def test_an_operators_pause_lasts_until_it_is_resumed(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "whatsapp.pauses")
    created = await api.post(PATH, json={"alcance": "todo", "motivo": "campaña equivocada"})
    assert created.status_code == 201
    (shown,) = created.json()["pausas"]
    assert (shown["alcance"], shown["objeto_id"], shown["origen"]) == ("todo", 0, "operador")
    assert (shown["motivo"], shown["creada_por"], shown["hasta"]) == ("campaña equivocada", "all", None)
    assert (await api.get(PATH, headers={"X-API-Key": "monitoring"})).json() == created.json()
    assert 'whatsapp_sending_paused{scope="todo"} 1.0' in (await api.get("/metrics")).text
    ended = await api.delete(PATH, params={"alcance": "todo"})
    assert (ended.status_code, ended.json()) == (200, {"terminadas": 1})
    assert (await api.delete(PATH, params={"alcance": "todo"})).json() == {"terminadas": 0}
    assert (await api.get(PATH)).json() == {"pausas": []}
    assert 'whatsapp_sending_paused{scope="todo"} 0.0' in (await api.get("/metrics")).text
    assert [record.getMessage() for record in caplog.records] == ["Sending paused", *["Sending resumed"] * 2]


async def test_companies_and_templates_with_an_end(api: httpx.AsyncClient, database: Client) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for scope, object_id in (("empresa", 7), ("plantilla", 1)):
        body = {"alcance": scope, "objeto_id": object_id, "motivo": "x", "hasta": until}
        assert (await api.post(PATH, json=body)).status_code == 201
    listed = (await api.get(PATH)).json()["pausas"]
    assert [(item["alcance"], item["objeto_id"]) for item in listed] == [("empresa", 7), ("plantilla", 1)]
    (template,) = (await api.get("/api/notifications/templates")).json()
    assert template["retenida"] is True
    await api.delete(PATH, params={"alcance": "plantilla", "objeto_id": 1})
    (template,) = (await api.get("/api/notifications/templates")).json()
    assert template["retenida"] is False


async def test_metas_pause_is_shown_and_can_be_ended(api: httpx.AsyncClient, database: Client) -> None:
    now = datetime.now(UTC)
    await pause(
        database,
        Pause(
            scope=Scope.EVERYTHING,
            object_id=0,
            origin=Origin.META,
            reason="(190) token expired",
            error_code=190,
            error_class="auth",
            created_by="scheduler",
            since=now,
            until=now + timedelta(minutes=1),
        ),
    )
    (shown,) = (await api.get(PATH)).json()["pausas"]
    assert (shown["origen"], shown["codigo_error"], shown["clase_error"]) == ("meta", 190, "auth")
    assert (await api.delete(PATH, params={"alcance": "todo"})).json() == {"terminadas": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"alcance": "todo", "objeto_id": 7, "motivo": "x"}, "invalid_field"),
        ({"alcance": "empresa", "motivo": "x"}, "invalid_field"),
        ({"alcance": "contacto", "objeto_id": 1, "motivo": "x"}, "invalid_field"),
        ({"alcance": "todo", "motivo": ""}, "invalid_field"),
        ({"alcance": "todo"}, "invalid_field"),
        ({"alcance": "todo", "motivo": "x", "hasta": "2020-01-01T00:00:00Z"}, "invalid_field"),
        ({"alcance": "empresa", "objeto_id": 99, "motivo": "x"}, "company_not_found"),
        ({"alcance": "plantilla", "objeto_id": 99, "motivo": "x"}, "template_not_found"),
    ],
)
async def test_wrong_pauses_are_refused(api: httpx.AsyncClient, body: dict[str, Any], code: str) -> None:
    refused = await api.post(PATH, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
    assert (await api.get(PATH)).json() == {"pausas": []}


@pytest.mark.parametrize("query", ["", "alcance=todo&objeto_id=1", "alcance=empresa", "alcance=todo&x=1"])
async def test_wrong_resumptions_are_refused(api: httpx.AsyncClient, query: str) -> None:
    refused = await api.delete(f"{PATH}?{query}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_parameter")
