"""Bad input over HTTP: a 4xx with a clear message, nothing stored, and no secret in the log."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from libsql_client import Client

PATH = "/api/notifications"
WEBHOOK = f"{PATH}/webhook"
SQL = "x'); DROP TABLE whatsapp_notificaciones; --"
SECRETS = ("987654321", "app-secret", "wn_leaked", "secreto", "DROP TABLE", "Ana")
TABLES = (
    "whatsapp_notificaciones",
    "whatsapp_historial_notificaciones",
    "whatsapp_claves_idempotencia",
    "whatsapp_webhook_eventos",
    "whatsapp_pausas_envio",
    "whatsapp_eventos_cuenta",
)


def _body(**changes: object) -> dict[str, Any]:
    return {"empresa_id": 7, "contacto_id": 1, "plantilla_id": 1, "variables": {"nombre": "Ana"}} | changes


@pytest.fixture
async def careful(
    api: httpx.AsyncClient, database: Client, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[httpx.AsyncClient]:
    """The API; afterwards nothing is stored, and the log has no error, no traceback and no secret."""
    caplog.set_level(logging.INFO)
    yield api
    for table in TABLES:
        assert (await database.execute(f"SELECT count(*) FROM {table}"))[0][0] == 0, table  # noqa: S608 - constant names
    records = [record for record in caplog.get_records("call") if record.name.startswith("whatsapp")]
    for record in records:
        assert record.levelno < logging.ERROR, record
        assert record.exc_info is None
    logged = " ".join(str(vars(record)) for record in records)
    assert "Request served" in logged
    assert [secret for secret in SECRETS if secret in logged] == []


def _check(response: httpx.Response, status: int, code: str) -> None:
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code), error
    assert error["message"]
    assert error["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "invalid_field"),
        (b"{", 400, "invalid_json"),
        (b"[]", 422, "invalid_field"),
        (b"null", 422, "invalid_field"),
        (b"\xff\xfe{}", 400, "invalid_json"),
        (b"\xef\xbb\xbf{}", 400, "invalid_json"),
        (b'{"empresa_id": NaN}', 422, "invalid_field"),
        (b"[" * 30_000, 400, "invalid_json"),
        (b'{"variables": ' + b'{"a":' * 9_000 + b"1" + b"}" * 9_000 + b"}", 400, "invalid_json"),
        (json.dumps(_body(empresa_id=2**63)).encode(), 422, "invalid_field"),
        (json.dumps(_body(empresa_id=int("9" * 4000))).encode(), 422, "invalid_field"),
        (b'{"empresa_id": ' + b"9" * 60_000 + b"}", 400, "invalid_json"),
        (json.dumps(_body(empresa_id=1.5)).encode(), 422, "invalid_field"),
        (json.dumps(_body(empresa_id=True)).encode(), 422, "invalid_field"),
        (json.dumps(_body(variables={"nombre": "\ud800"})).encode(), 400, "invalid_json"),
        (json.dumps(_body(variables={"nombre": "a\0b"})).encode(), 422, "invalid_field"),
        (json.dumps(_body(variables={"a\0b": "x"})).encode(), 422, "invalid_field"),
        (json.dumps(_body(variables={"nombre": ["Ana"]})).encode(), 422, "invalid_field"),
        (json.dumps(_body(variables={"nombre": "x" * 1025})).encode(), 422, "invalid_field"),
        (json.dumps(_body(variables={"n": int("9" * 400)})).encode(), 422, "invalid_field"),
        (
            b'{"empresa_id": 7, "contacto_id": 1, "plantilla_id": 1, "variables": {"n": 1e999}}',
            422,
            "invalid_field",
        ),
        (
            json.dumps(_body(variables={f"v{number}": 1 for number in range(51)})).encode(),
            422,
            "invalid_field",
        ),
        (json.dumps(_body(programada_para=1767225600)).encode(), 422, "invalid_field"),
        (json.dumps(_body(programada_para="1767225600")).encode(), 422, "invalid_field"),
        (json.dumps(_body(programada_para="2026-13-01T00:00:00Z")).encode(), 422, "invalid_field"),
        (json.dumps(_body(plantilla_id=None)).encode(), 422, "invalid_field"),
        (json.dumps(_body(telefono="+51987654321")).encode(), 422, "invalid_field"),
        (json.dumps(_body(empresa_id=99)).encode(), 422, "company_not_found"),
        (json.dumps(_body(contacto_id=3)).encode(), 422, "phone_invalid"),
        (json.dumps(_body(plantilla_id=None, evento=SQL)).encode(), 422, "template_not_found"),
    ],
    ids=lambda value: value[:40].decode(errors="replace") if isinstance(value, bytes) else None,
)
async def test_bodies(
    careful: httpx.AsyncClient, database: Client, content: bytes, status: int, code: str
) -> None:
    await database.execute(
        "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono) VALUES (3, 7, 'x', '+519')"
    )
    headers = {"Content-Type": "application/json"}
    _check(await careful.post(PATH, content=content, headers=headers), status, code)


@pytest.mark.parametrize(
    "path",
    [PATH, f"{PATH}/requeue", f"{PATH}/1/requeue", f"{PATH}/pauses", "/admin/contacts/validate-phones"],
)
async def test_ten_megabytes_and_other_types(careful: httpx.AsyncClient, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65536

    _check(await careful.post(path, content=b" " * 10_000_000), 413, "body_too_large")
    _check(await careful.post(path, content=chunks()), 413, "body_too_large")
    form = await careful.post(path, data={"empresa_id": "7"})
    _check(form, 415, "unsupported_media_type")


async def test_extreme_times_are_brought_within_reach(api: httpx.AsyncClient) -> None:
    for moment in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"):
        assert (await api.post(PATH, json=_body(programada_para=moment))).status_code == 201
        assert (await api.get(PATH, params={"desde": moment, "hasta": moment})).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "nothing=1",
        "estado=pendiente",
        "estado=",
        f"estado={SQL}",
        f"clase_error={SQL}",
        "clase_error=%00",
        "empresa_id=7&empresa_id=8",
        "limite=1&limite=1",
        "empresa_id=7.0",
        "empresa_id=%201",
        "empresa_id=1_0",
        "empresa_id=%D9%A1",
        "empresa_id=9223372036854775808",
        f"empresa_id={'9' * 5000}",
        "empresa_id=1 OR 1=1",
        "empresa_id=-1",
        "antes_de=0",
        "offset=10000001",
        "desde=0",
        "desde=2026-01-01",
        "desde=2026-01-01T00:00:00",
        "hasta=%FF%FE",
        f"desde={SQL}",
    ],
)
async def test_query_strings(careful: httpx.AsyncClient, query: str) -> None:
    _check(await careful.get(f"{PATH}?{query}"), 422, "invalid_parameter")


async def test_unknown_parameters_everywhere_with_a_key(careful: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", f"{PATH}/metrics"),
        ("GET", f"{PATH}/templates"),
        ("GET", f"{PATH}/1"),
        ("POST", f"{PATH}/process-pending"),
        ("GET", "/admin/contacts/bad-phones"),
    ):
        _check(await careful.request(method, f"{path}?nothing=1"), 422, "invalid_parameter")


@pytest.mark.parametrize(
    "identifier", ["0", "-1", "abc", "1.0", "1%00", "%EF%BC%91", "9223372036854775808", "9" * 5000, SQL]
)
async def test_identifiers_in_paths(careful: httpx.AsyncClient, identifier: str) -> None:
    _check(await careful.get(f"{PATH}/{identifier}"), 404, "not_found")
    _check(await careful.post(f"{PATH}/{identifier}/cancel"), 404, "not_found")


async def test_paths_and_methods_that_there_are_not(careful: httpx.AsyncClient) -> None:
    for path in ("/", "/nothing", f"{PATH}/", f"{PATH}/1/nothing", "/admin/contacts", "/%00", "/%ff"):
        _check(await careful.get(path), 404, "not_found")
    for method in ("PUT", "PATCH", "TRACE", "OPTIONS"):
        refused = await careful.request(method, PATH)
        _check(refused, 405, "method_not_allowed")
        assert refused.headers["allow"] == "GET, HEAD, POST"
    assert (await careful.delete("/health")).headers["allow"] == "GET, HEAD"


async def test_long_addresses_and_headers(careful: httpx.AsyncClient) -> None:
    _check(await careful.get(f"{PATH}?x={'y' * 9000}"), 414, "uri_too_long")
    _check(await careful.get(PATH, headers={"X-Long": "y" * 40_000}), 431, "headers_too_large")
    for key in ("", "k" * 256, "ñ".encode("latin-1").decode("latin-1")):
        refused = await careful.post(
            PATH, json=_body(), headers=[(b"Idempotency-Key", key.encode("latin-1"))]
        )
        _check(refused, 422, "invalid_header")


@pytest.mark.parametrize("key", ["", "guess", "wn_leaked", SQL, "ñ", "k" * 5000])
async def test_keys_that_there_are_not(careful: httpx.AsyncClient, key: str) -> None:
    response = await careful.get(PATH, headers=[(b"X-API-Key", key.encode("latin-1"))])
    _check(response, 401, "unauthorized")


async def test_webhook_without_the_right_signature(careful: httpx.AsyncClient) -> None:
    body = b'{"entry": [{"changes": [{"value": {"statuses": [{"recipient_id": "51987654321"}]}}]}]}'
    right = hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
    for signature in (None, "", "sha256=", f"sha256={right[:-1]}", right, f"sha1={right}", "sha256=ñ", SQL):
        headers = [] if signature is None else [(b"X-Hub-Signature-256", signature.encode("latin-1"))]
        _check(await careful.post(WEBHOOK, content=body, headers=headers), 401, "bad_signature")
    huge = await careful.post(WEBHOOK, content=b"x" * 10_000_000)
    assert huge.status_code == 413


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=secreto",
        "hub.mode=subscribe&hub.verify_token=verify",
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=verify",
        f"hub.mode=subscribe&hub.verify_token=verify&hub.challenge={'1' * 1025}",
        f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={SQL}",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=%FF%00",
    ],
)
async def test_handshakes_without_the_token(careful: httpx.AsyncClient, query: str) -> None:
    _check(await careful.get(f"{WEBHOOK}?{query}"), 403, "forbidden")


async def test_sql_in_free_text_is_kept_as_text(api: httpx.AsyncClient, database: Client) -> None:
    created = await api.post(
        PATH, json=_body(variables={"nombre": SQL, SQL: SQL}), headers={"Idempotency-Key": SQL}
    )
    assert created.status_code == 201
    stored = await database.execute("SELECT variables FROM whatsapp_notificaciones")
    assert json.loads(str(stored[0][0])) == {"nombre": SQL, SQL: SQL}
    paused = await api.post(f"{PATH}/pauses", json={"alcance": "todo", "motivo": SQL})
    assert paused.json()["pausas"][0]["motivo"] == SQL
    asked = await api.get(f"{PATH}/{created.json()['id']}", headers={"X-Request-ID": SQL})
    assert asked.headers["x-request-id"].startswith("req_")
