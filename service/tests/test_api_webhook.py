"""Meta's webhooks: handshake, signature, and statuses that come late, twice, out of order or for nobody."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from libsql_client import Client
from whatsapp_database import rows
from whatsapp_service.webhooks import inbox
from whatsapp_service.webhooks.worker import WebhookWorker

PATH = "/api/notifications/webhook"
NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def _status(message_id: str, status: str, *, second: int = 0, **more: object) -> dict[str, Any]:
    moment = int(NOW.timestamp()) + second
    return {
        "id": message_id,
        "status": status,
        "timestamp": str(moment),
        "recipient_id": "51987654321",
    } | more


def _body(*statuses: object) -> bytes:
    value = {"messaging_product": "whatsapp", "statuses": statuses}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


def _signed(body: bytes) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()}


def _same(moment: datetime) -> datetime:
    return moment


async def _insert(database: Client, message_id: str | None, estado: str = "ENVIADA") -> int:
    result = await database.execute(
        """INSERT INTO whatsapp_notificaciones
            (empresa_id, contacto_id, plantilla_id, evento, estado, whatsapp_message_id, intentos)
        VALUES (7, 1, 1, 'x', ?, ?, 1) RETURNING id""",
        (estado, message_id),
    )
    return rows.integer(result[0], "id")


async def _row(database: Client, notification_id: int) -> dict[str, Any]:
    result = await database.execute("SELECT * FROM whatsapp_notificaciones WHERE id = ?", (notification_id,))
    return dict(result[0].asdict())


async def _apply(database: Client, *statuses: object) -> inbox.EventResult:
    event_id = await inbox.keep(database, _body(*statuses), NOW)
    result = await inbox.apply(database, event_id, now=NOW)
    assert result is not None
    return result


async def test_handshake_returns_the_raw_challenge(api: httpx.AsyncClient) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "1158201444"}
    right = await api.get(PATH, params=query)
    wrong = await api.get(PATH, params=query | {"hub.verify_token": "guess"})
    assert (right.status_code, right.text) == (200, "1158201444")
    assert wrong.status_code == 403


async def test_signature_is_over_the_raw_bytes(api: httpx.AsyncClient, database: Client) -> None:
    body = b'{"entry": [ ], "note": "\\u00e9"}'
    for headers in ({}, {"X-Hub-Signature-256": "sha256=00"}, _signed(body + b" ")):
        assert (await api.post(PATH, content=body, headers=headers)).status_code == 401
    assert (await api.post(PATH, content=body, headers=_signed(body))).status_code == 200
    kept = await database.execute("SELECT cuerpo FROM whatsapp_webhook_eventos")
    assert [row[0] for row in kept] == [body]


async def test_large_bodies_are_kept_and_larger_refused(api: httpx.AsyncClient) -> None:
    body = _body(*(_status(f"wamid.{number}", "read", padding="x" * 2900) for number in range(1000)))
    assert len(body) > 3_000_000
    assert (await api.post(PATH, content=body, headers=_signed(body))).status_code == 200
    assert (await api.post(PATH, content=b"x" * 4_200_000)).status_code == 413


async def test_webhook_reaches_the_notification(api: httpx.AsyncClient, database: Client) -> None:
    notification = await _insert(database, "wamid.1")
    body = _body(_status("wamid.1", "delivered"))
    await api.post(PATH, content=body, headers=_signed(body))
    async with asyncio.timeout(5):
        while (await _row(database, notification))["estado"] != "ENTREGADA":
            assert (await api.get("/health")).status_code == 200
    assert (await _row(database, notification))["entregada_at"] == "2026-01-02T12:00:00.000Z"


async def test_read_implies_delivered_and_late_delivered_undoes_nothing(database: Client) -> None:
    notification = await _insert(database, "wamid.1")
    await _apply(database, _status("wamid.1", "read", second=5))
    late = await _apply(database, _status("wamid.1", "delivered", second=3), _status("wamid.1", "sent"))
    row = await _row(database, notification)
    assert (row["estado"], row["entregada_at"], row["leida_at"]) == (
        "LEIDA",
        "2026-01-02T12:00:05.000Z",
        "2026-01-02T12:00:05.000Z",
    )
    assert (late.changed, late.without_effect) == (0, 2)


async def test_failure_is_kept_with_its_code(database: Client) -> None:
    notification = await _insert(database, "wamid.1")
    error = {"code": 131026, "title": "Message undeliverable to +51987654321"}
    await _apply(database, _status("wamid.1", "failed", errors=[error]))
    await _apply(database, _status("wamid.1", "delivered"))
    row = await _row(database, notification)
    assert (row["estado"], row["codigo_error"], row["clase_error"]) == ("ERROR", 131026, "recipient")
    assert row["ultimo_error"] == "Message undeliverable to [number]"


async def test_failure_after_delivery_is_not_believed(database: Client) -> None:
    notification = await _insert(database, "wamid.1", "ENTREGADA")
    result = await _apply(database, _status("wamid.1", "failed", errors=[{"code": 131026}]))
    assert (await _row(database, notification))["estado"] == "ENTREGADA"
    assert result.without_effect == 1


async def test_unknown_and_unreadable_items_do_not_drop_the_batch(database: Client) -> None:
    first, last = await _insert(database, "wamid.1"), await _insert(database, "wamid.2")
    result = await _apply(
        database,
        _status("wamid.1", "delivered"),
        _status("wamid.other", "read"),
        {"id": "wamid.1", "status": "teleported", "timestamp": "1"},
        "not an object",
        _status("wamid.2", "read"),
    )
    assert (result.changed, result.unknown, result.unreadable) == (2, 1, 2)
    assert (await _row(database, first))["estado"] == "ENTREGADA"
    assert (await _row(database, last))["estado"] == "LEIDA"


async def test_status_before_the_answer_is_found_by_our_id(database: Client) -> None:
    notification = await _insert(database, None, "PENDIENTE")
    await _apply(database, _status("wamid.new", "delivered", biz_opaque_callback_data=str(notification)))
    row = await _row(database, notification)
    assert (row["estado"], row["whatsapp_message_id"]) == ("ENTREGADA", "wamid.new")


async def test_foreign_correlation_ids_do_nothing(database: Client) -> None:
    sent = await _insert(database, "wamid.1")
    result = await _apply(
        database,
        _status("wamid.foreign", "read", biz_opaque_callback_data=str(sent)),
        _status("wamid.foreign", "read", biz_opaque_callback_data="99999999999999999999"),
    )
    assert result.unknown == 2
    assert (await _row(database, sent))["estado"] == "ENVIADA"


async def test_unknown_outcome_is_settled_by_a_webhook(database: Client) -> None:
    notification = await _insert(database, None, "DESCONOCIDA")
    await _apply(database, _status("wamid.9", "sent", biz_opaque_callback_data=str(notification)))
    assert (await _row(database, notification))["estado"] == "ENVIADA"


async def test_repeated_event_leaves_one_history_line(database: Client) -> None:
    notification = await _insert(database, "wamid.1")
    for _ in range(3):
        await _apply(database, _status("wamid.1", "delivered"))
    history = await database.execute(
        """SELECT estado_anterior, estado_nuevo FROM whatsapp_historial_notificaciones
        WHERE notificacion_id = ?""",
        (notification,),
    )
    assert [row.astuple() for row in history] == [("ENVIADA", "ENTREGADA")]


@pytest.mark.parametrize("body", [b"not json", b"[]", b'"text"'])
async def test_unreadable_event_is_kept_with_its_error(database: Client, body: bytes) -> None:
    event_id = await inbox.keep(database, body, NOW)
    result = await inbox.apply(database, event_id, now=NOW)
    assert result is not None
    assert result.error is not None
    kept = (await database.execute("SELECT cuerpo, error, procesado_at FROM whatsapp_webhook_eventos"))[0]
    assert (kept["cuerpo"], kept["error"]) == (body, result.error)
    assert kept["procesado_at"] == "2026-01-02T12:00:00.000Z"
    assert await inbox.apply(database, event_id, now=NOW) is None


async def test_sweep_takes_what_was_left_behind_and_measures_lag(database: Client) -> None:
    notification = await _insert(database, "wamid.1")
    await inbox.keep(database, _body(_status("wamid.1", "read", second=-3)), NOW)
    lags: list[timedelta] = []
    for age, expected in ((0, "ENVIADA"), (11, "LEIDA")):
        moment = NOW + timedelta(seconds=age)
        worker = WebhookWorker(database, clock=partial(_same, moment), observe_lag=lags.append)
        await worker.sweep()
        assert (await _row(database, notification))["estado"] == expected
    assert lags == [timedelta(seconds=3)]
