"""``whatsapp-ops pause``, ``resume`` and ``pauses``."""

import argparse
import asyncio
import logging
from datetime import datetime

from libsql_client import Client

from whatsapp_service import pauses
from whatsapp_service.json_logging import log_event
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.errors import PermanentError, UsageError
from whatsapp_service.ops.moments import coming
from whatsapp_service.ops.pause_text import describe_pause, name_scope
from whatsapp_service.pauses import Origin, Pause, Scope
from whatsapp_service.scheduler.state import request_wake

logger = logging.getLogger("whatsapp.ops")

_KNOWN = {
    Scope.COMPANY: """SELECT 1 FROM whatsapp_configuracion_horarios WHERE empresa_id = :id
        UNION ALL SELECT 1 FROM whatsapp_contactos WHERE empresa_id = :id LIMIT 1""",
    Scope.TEMPLATE: "SELECT 1 FROM whatsapp_plantillas_mensajes WHERE id = :id",
}
_MAX_REASON = 200


def run_pause(context: OpsContext, options: argparse.Namespace) -> int:
    """Stop sending: everything, one company or one template; what is being sent now is finished."""
    console, texts, now = context.console, context.texts, context.now()
    scope, object_id = _scope(options)
    reason = " ".join(options.reason.split())
    if not reason or len(reason) > _MAX_REASON:
        raise UsageError(texts("pause_reason_wrong", length=_MAX_REASON))
    wanted = Pause(
        scope=scope,
        object_id=object_id,
        origin=Origin.OPERATOR,
        reason=reason,
        error_code=None,
        error_class=None,
        created_by=context.operator,
        since=now,
        until=_end(context, options, now),
    )
    made = asyncio.run(_pause(context, wanted))
    log_event(
        logger,
        logging.WARNING,
        "Sending paused",
        tags=("pause",),
        scope=scope.value,
        object=object_id,
        by=context.operator,
    )
    console.line(texts("pause_done", pause=describe_pause(made, context.zone, texts)))
    console.result(_document(made))
    return 0


def run_resume(context: OpsContext, options: argparse.Namespace) -> int:
    """End the pauses of one scope, those that an error of Meta's made too; the schedulers go on at once."""
    console, texts = context.console, context.texts
    scope, object_id = _scope(options)
    ended, left = asyncio.run(_resume(context, scope, object_id))
    if ended:
        log_event(
            logger,
            logging.WARNING,
            "Sending resumed",
            tags=("pause",),
            scope=scope.value,
            object=object_id,
            by=context.operator,
        )
    name = name_scope(scope, object_id, texts)
    console.line(texts("resume_done" if ended else "resume_nothing", scope=name))
    for pause in left:
        console.line(texts("pause_left", pause=describe_pause(pause, context.zone, texts)))
    console.result({"resumed": ended, "pauses": [_document(pause) for pause in left]})
    return 0


def run_list(context: OpsContext, _options: argparse.Namespace) -> int:
    """The pauses in force."""
    console, texts = context.console, context.texts
    found = asyncio.run(_active(context))
    for pause in found:
        console.line(describe_pause(pause, context.zone, texts))
    if not found:
        console.line(texts("pauses_none"))
    console.result({"pauses": [_document(pause) for pause in found]})
    return 0


def _scope(options: argparse.Namespace) -> tuple[Scope, int]:
    if options.company is not None:
        return Scope.COMPANY, options.company
    if options.template is not None:
        return Scope.TEMPLATE, options.template
    return Scope.EVERYTHING, 0


def _end(context: OpsContext, options: argparse.Namespace, now: datetime) -> datetime | None:
    if options.duration is not None:
        end: datetime = now + options.duration
        return end
    if options.until is None:
        return None
    end = coming(options.until, now, context.zone)
    if end <= now:
        raise UsageError(context.texts("pause_until_past"))
    return end


async def _pause(context: OpsContext, wanted: Pause) -> Pause:
    async with context.open_database() as client:
        await _require_known(context, client, wanted.scope, wanted.object_id)
        await pauses.pause(client, wanted)
        found = await pauses.active_pauses(client, wanted.since)
    key = (wanted.scope, wanted.object_id, wanted.origin)
    return next((one for one in found if (one.scope, one.object_id, one.origin) == key), wanted)


async def _require_known(context: OpsContext, client: Client, scope: Scope, object_id: int) -> None:
    query = _KNOWN.get(scope)
    if query is not None and not (await client.execute(query, {"id": object_id})).rows:
        name = name_scope(scope, object_id, context.texts)
        raise PermanentError(context.texts("pause_unknown", scope=name))


async def _resume(context: OpsContext, scope: Scope, object_id: int) -> tuple[int, list[Pause]]:
    async with context.open_database() as client:
        ended = await pauses.resume(client, scope, object_id)
        if ended:
            await request_wake(client, context.now())
        return ended, await pauses.active_pauses(client, context.now())


async def _active(context: OpsContext) -> list[Pause]:
    async with context.open_database(read_only=True) as client:
        return await pauses.active_pauses(client, context.now())


def _document(pause: Pause) -> dict[str, object]:
    return {
        "scope": pause.scope.value,
        "id": pause.object_id or None,
        "origin": pause.origin.value,
        "reason": pause.reason,
        "error_code": pause.error_code,
        "error_class": pause.error_class,
        "created_by": pause.created_by,
        "since": pause.since,
        "until": pause.until,
    }
