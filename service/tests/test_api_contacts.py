"""Checking phone numbers over HTTP; numbers are shown to operators and never logged."""

from __future__ import annotations

import logging

import httpx
import pytest
from libsql_client import Client

VALIDATE = "/admin/contacts/validate-phones"
BAD = "/admin/contacts/bad-phones"


@pytest.fixture
async def bad_contacts(database: Client) -> None:
    await database.execute(
        """INSERT INTO whatsapp_contactos
            (id, empresa_id, nombre, telefono, telefono_rechazado_at, telefono_codigo_error)
        VALUES (10, 7, 'Rosa', '+519876', NULL, NULL), (11, 8, 'Iris', '+5112345678', NULL, NULL),
            (12, 8, 'Sara', '+51987654329', '2026-01-01T00:00:00.000Z', 131026)"""
    )


@pytest.mark.usefixtures("bad_contacts")
async def test_the_manuals_call_checks_all(api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    checked = await api.post(VALIDATE)
    assert (checked.status_code, checked.json()) == (
        200,
        {"revisados": 5, "validos": 3, "invalidos": 2, "cambiados": [10, 11], "siguiente": None},
    )
    page = (await api.get(BAD)).json()
    assert [(item["id"], item["motivo"], item["codigo_error"]) for item in page["contactos"]] == [
        (10, "wrong_length", None),
        (11, "not_mobile", None),
        (12, None, 131026),
    ]
    assert page["contactos"][0]["telefono"] == "+519876"
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "519876" not in logged
    assert "Rosa" not in logged


@pytest.mark.usefixtures("bad_contacts")
async def test_parts_and_pages(api: httpx.AsyncClient) -> None:
    assert (await api.post(VALIDATE, json={"empresa_id": 8})).json()["cambiados"] == [11]
    assert (await api.post(VALIDATE, json={"ids": [1, 10, 999]})).json()["cambiados"] == [10]
    first = (await api.post(VALIDATE, json={"maximo": 2})).json()
    assert (first["revisados"], first["siguiente"]) == (2, 2)
    rest = (await api.post(VALIDATE, json={"despues_de": first["siguiente"]})).json()
    assert (rest["revisados"], rest["siguiente"]) == (3, None)
    page = (await api.get(BAD, params={"limite": 2})).json()
    assert ([item["id"] for item in page["contactos"]], page["siguiente"]) == ([10, 11], 11)
    page = (await api.get(BAD, params={"limite": 2, "despues_de": 11})).json()
    assert ([item["id"] for item in page["contactos"]], page["siguiente"]) == ([12], None)
    page = (await api.get(BAD, params={"empresa_id": 7})).json()
    assert [item["id"] for item in page["contactos"]] == [10]


@pytest.mark.parametrize(
    "body", [{"ids": []}, {"ids": [0]}, {"ids": ["1"]}, {"ids": [1] * 1001}, {"maximo": 10_001}, {"x": 1}]
)
async def test_wrong_bodies_are_refused(api: httpx.AsyncClient, body: dict[str, object]) -> None:
    refused = await api.post(VALIDATE, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_field")
