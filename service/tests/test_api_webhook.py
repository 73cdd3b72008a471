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
from whatsapp_service.webhooks.applying import Applied, apply_events
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


class _Seen:
    """What a worker told."""

    def __init__(self) -> None:
        self.applied: list[Applied] = []

    async def observe(self, applied: Applied) -> None:
        self.applied.append(applied)


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


async def _apply(database: Client, *statuses: object) -> Applied:
    """Apply one body, at once and at its second look."""
    body = _body(*statuses)
    event_id = await inbox.keep(database, body, NOW)
    return await apply_events(database, [inbox.KeptEvent(event_id, body, NOW, looked_at=True)], NOW)


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
    assert (row["estado"], row["enviada_at"], row["entregada_at"], row["leida_at"]) == (
        "LEIDA",
        "2026-01-02T12:00:00.000Z",
        "2026-01-02T12:00:03.000Z",
        "2026-01-02T12:00:05.000Z",
    )
    again = await _apply(database, _status("wamid.1", "delivered", second=3), _status("wamid.1", "sent"))
    assert (late.changed, late.repeated) == (2, 0)
    assert (again.changed, again.repeated) == (0, 2)


async def test_failure_is_kept_with_its_code(database: Client) -> None:
    notification = await _insert(database, "wamid.1")
    error = {"code": 131026, "title": "Message undeliverable to +51987654321"}
    await _apply(database, _status("wamid.1", "failed", errors=[error]))
    await _apply(database, _status("wamid.1", "delivered"))
    row = await _row(database, notification)
    assert (row["estado"], row["codigo_error"], row["clase_error"]) == ("ERROR", 131026, "recipient")
    assert row["ultimo_error"] == "Message undeliverable to [number]"


async def test_failure_after_delivery_is_shown_and_a_read_message_arrived(database: Client) -> None:
    notification = await _insert(database, "wamid.1", "ENTREGADA")
    await _apply(database, _status("wamid.1", "failed", errors=[{"code": 131026}]))
    assert (await _row(database, notification))["estado"] == "ERROR"
    contact = (await database.execute("SELECT * FROM whatsapp_contactos WHERE id = 1"))[0]
    assert contact["telefono_codigo_error"] == 131026
    await _apply(database, _status("wamid.1", "read"))
    row = await _row(database, notification)
    assert (row["estado"], row["codigo_error"]) == ("LEIDA", 131026)
    assert row["fallida_at"] == "2026-01-02T12:00:00.000Z"


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


async def test_status_of_an_earlier_send_does_not_touch_the_next(database: Client) -> None:
    notification = await _insert(database, None, "PENDIENTE")
    await database.execute("UPDATE whatsapp_notificaciones SET envio_numero = 3")
    old = await _apply(database, _status("wamid.1", "failed", biz_opaque_callback_data=f"{notification}.1"))
    assert (old.unknown, (await _row(database, notification))["estado"]) == (1, "PENDIENTE")
    await _apply(database, _status("wamid.3", "sent", biz_opaque_callback_data=f"{notification}.3"))
    assert (await _row(database, notification))["estado"] == "ENVIADA"


@pytest.mark.parametrize(
    ("pricing", "expected"),
    [
        (
            {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
            (1, "utility", "regular"),
        ),
        ({"billable": False, "pricing_model": "CBP", "category": "service"}, (0, "service", None)),
        ({"billable": "yes"}, (None, None, None)),
    ],
)
async def test_both_shapes_of_pricing_are_read(
    database: Client, pricing: dict[str, object], expected: tuple[object, ...]
) -> None:
    notification = await _insert(database, "wamid.1")
    await _apply(database, _status("wamid.1", "delivered", pricing=pricing))
    row = await _row(database, notification)
    assert (row["facturable"], row["cobro_categoria"], row["cobro_tipo"]) == expected


async def test_unknown_ids_get_a_second_look(database: Client) -> None:
    await inbox.keep(database, _body(_status("wamid.late", "delivered")), NOW)
    moment = NOW + timedelta(seconds=11)
    seen = _Seen()
    worker = WebhookWorker(database, clock=lambda: moment, observe=seen.observe)
    await worker.sweep()
    assert [(applied.postponed, applied.unknown) for applied in seen.applied] == [(1, 0)]
    notification = await _insert(database, "wamid.late")  # the answer to the send is stored now
    await worker.sweep()
    assert (await _row(database, notification))["estado"] == "ENVIADA"
    moment += inbox.SECOND_LOOK
    await worker.sweep()
    assert (await _row(database, notification))["estado"] == "ENTREGADA"
    left = await database.execute("SELECT 1 FROM whatsapp_webhook_eventos WHERE procesado_at IS NULL")
    assert left.rows == []


@pytest.mark.parametrize("body", [b"not json", b"[]", b'"text"'])
async def test_unreadable_event_is_kept_with_its_error_and_drops_no_other(
    database: Client, body: bytes
) -> None:
    notification = await _insert(database, "wamid.1")
    bodies = [body, _body(_status("wamid.1", "delivered"))]
    events = [inbox.KeptEvent(await inbox.keep(database, each, NOW), each, NOW) for each in bodies]
    applied = await apply_events(database, events, NOW)
    assert (applied.failed, applied.changed) == (1, 1)
    kept = (await database.execute("SELECT * FROM whatsapp_webhook_eventos ORDER BY id"))[0]
    assert (kept["cuerpo"], kept["procesado_at"]) == (body, "2026-01-02T12:00:00.000Z")
    assert str(kept["error"]).startswith("not ")
    assert (await _row(database, notification))["estado"] == "ENTREGADA"


async def test_sweep_takes_what_was_left_behind_and_measures_lag(database: Client) -> None:
    notification = await _insert(database, "wamid.1")
    await inbox.keep(database, _body(_status("wamid.1", "read", second=-3)), NOW)
    seen = _Seen()
    for age, expected in ((0, "ENVIADA"), (11, "LEIDA")):
        moment = NOW + timedelta(seconds=age)
        worker = WebhookWorker(database, clock=partial(_same, moment), observe=seen.observe)
        await worker.sweep()
        assert (await _row(database, notification))["estado"] == expected
    assert [lag for applied in seen.applied for lag in applied.lags] == [timedelta(seconds=3)]
