"""What Meta tells of templates, quality, limits and the account (every webhook field but `messages`).

Source: Meta, "Webhooks reference" (message_template_status_update, account_update, ...).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from libsql_client import InStatement
from whatsapp_database import timestamps

from whatsapp_service.pauses import Origin, Scope

_MAX_DETAIL_BYTES: Final = 8 * 1024
_PHONE_KEYS: Final = frozenset({"display_phone_number", "phone_number", "wa_id", "from", "recipient_id"})
_TEMPLATE_STATUS: Final = "message_template_status_update"
_TEMPLATE_QUALITY: Final = "message_template_quality_update"
_TEMPLATE_CATEGORY: Final = "template_category_update"

ACCOUNT_FIELDS: Final = frozenset(
    {
        _TEMPLATE_STATUS,
        _TEMPLATE_QUALITY,
        _TEMPLATE_CATEGORY,
        "account_alerts",
        "account_review_update",
        "account_update",
        "business_capability_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "user_preferences",
    }
)
"""The fields that are known; Meta adds others."""

_PAUSE_OF: Final = {"FIRST_PAUSE": timedelta(hours=3), "SECOND_PAUSE": timedelta(hours=6)}
"""Meta: how long a template is paused; a pause of another kind lasts until Meta ends it."""
_STOPPED: Final = frozenset({"PAUSED", "DISABLED", "REJECTED", "PENDING_DELETION", "DELETED", "ARCHIVED"})
_GOES_ON: Final = frozenset({"APPROVED", "REINSTATED", "UNPAUSED", "UNARCHIVED"})


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """One change: Meta's field, its event or new value, what it is about, the rest without numbers."""

    field: str
    event: str | None
    subject: str | None
    language: str | None
    detail: str
    pause_kind: str | None
    fingerprint: str
    occurred_at: datetime
    received_at: datetime


def read_account_event(
    entry: dict[str, Any], field: str, value: dict[str, Any], received_at: datetime
) -> AccountEvent:
    """Read one change; what is new or odd in it stays in `detail`."""
    other = value.get("other_info")
    canonical = orjson.dumps([entry.get("id"), entry.get("time"), field, value], option=orjson.OPT_SORT_KEYS)
    return AccountEvent(
        field=field[:100],
        event=_first(value, "event", "new_quality_score", "new_category", "decision", "alert_type"),
        subject=_first(value, "message_template_name", "entity_type", "display_name"),
        language=_first(value, "message_template_language"),
        detail=_detail(value),
        pause_kind=_first(other, "title") if isinstance(other, dict) else None,
        fingerprint=hashlib.sha256(canonical).hexdigest(),
        occurred_at=_moment(entry.get("time"), received_at),
        received_at=received_at,
    )


def statements_for_event(event: AccountEvent) -> list[InStatement]:
    """Keep the event once; a template's state, quality or category follows unless newer is known."""
    occurred_at = timestamps.to_text(event.occurred_at)
    statements: list[InStatement] = [
        (
            """INSERT INTO whatsapp_eventos_cuenta
                (campo, evento, objeto, detalle, huella, ocurrido_at, received_at)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (huella) DO NOTHING""",
            (
                event.field,
                event.event,
                event.subject,
                event.detail,
                event.fingerprint,
                occurred_at,
                timestamps.to_text(event.received_at),
            ),
        )
    ]
    column = {
        _TEMPLATE_STATUS: "meta_estado",
        _TEMPLATE_QUALITY: "meta_calidad",
        _TEMPLATE_CATEGORY: "meta_categoria",
    }.get(event.field)
    if column is None or event.event is None or event.subject is None:
        return statements
    named = {"name": event.subject, "language": event.language, "moment": occurred_at}
    same = "nombre = :name AND (:language IS NULL OR idioma = :language)"
    if event.field != _TEMPLATE_STATUS:
        # A quality or category has no time of its own in the row: the newest event of its field decides.
        statements.append(
            (
                f"""UPDATE whatsapp_plantillas_mensajes SET {column} = :value WHERE {same}
                AND NOT EXISTS (SELECT 1 FROM whatsapp_eventos_cuenta newer WHERE newer.campo = :field
                    AND newer.objeto = :name AND newer.ocurrido_at > :moment)""",  # noqa: S608 - constant texts
                {**named, "value": event.event, "field": event.field},
            )
        )
        return statements
    newest = "(meta_at IS NULL OR meta_at <= :moment)"
    pause = _pause_statement(event, f"{same} AND {newest}", named)
    if pause is not None:
        statements.append(pause)
    statements.append(
        (
            f"""UPDATE whatsapp_plantillas_mensajes SET meta_estado = :value, meta_motivo = :reason,
                meta_at = :moment WHERE {same} AND {newest}""",  # noqa: S608 - constant texts
            {**named, "value": event.event, "reason": event.pause_kind},
        )
    )
    return statements


def _pause_statement(event: AccountEvent, templates: str, named: dict[str, str | None]) -> InStatement | None:
    """Hold the template's messages while Meta does not take them, or let them go."""
    if event.event in _GOES_ON or event.pause_kind == "UNPAUSE":
        return (
            f"""DELETE FROM whatsapp_pausas_envio WHERE alcance = :scope AND origen = :origin
            AND objeto_id IN (SELECT id FROM whatsapp_plantillas_mensajes
                WHERE {templates})""",  # noqa: S608 - constant texts
            {**named, "scope": Scope.TEMPLATE.value, "origin": Origin.META.value},
        )
    if event.event not in _STOPPED:
        return None
    length = _PAUSE_OF.get(event.pause_kind or "") if event.event == "PAUSED" else None
    return (
        f"""INSERT INTO whatsapp_pausas_envio
            (alcance, objeto_id, origen, motivo, clase_error, creada_por, desde, hasta)
        SELECT :scope, id, :origin, :reason, 'template_held', 'webhook', :moment, :until
        FROM whatsapp_plantillas_mensajes WHERE {templates}
        ON CONFLICT (alcance, objeto_id, origen) DO UPDATE SET
            motivo = excluded.motivo, clase_error = excluded.clase_error, codigo_error = NULL,
            creada_por = excluded.creada_por, hasta = excluded.hasta""",  # noqa: S608 - constant texts
        {
            **named,
            "scope": Scope.TEMPLATE.value,
            "origin": Origin.META.value,
            "reason": " ".join(part for part in (event.event, event.pause_kind) if part),
            "until": None if length is None else timestamps.to_text(event.occurred_at + length),
        },
    )


def _first(value: dict[str, Any], *names: str) -> str | None:
    for name in names:
        found = value.get(name)
        if isinstance(found, str) and found and found.isprintable():
            return found[:200]
    return None


def _detail(value: dict[str, Any]) -> str:
    text = orjson.dumps(_without_numbers(value)).decode()
    return text if len(text) <= _MAX_DETAIL_BYTES else orjson.dumps({"cut": text[:1000]}).decode()


def _without_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_numbers(item) for key, item in value.items() if key not in _PHONE_KEYS}
    if isinstance(value, list):
        return [_without_numbers(item) for item in value]
    return value


def _moment(value: object, received_at: datetime) -> datetime:
    """Meta's time of the entry (Unix seconds), but never later than its receipt."""
    try:
        moment = datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return received_at
    return min(moment, received_at)
