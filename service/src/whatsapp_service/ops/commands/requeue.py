"""``whatsapp-ops requeue``."""

import argparse
import asyncio
import logging

from whatsapp_service import requeue
from whatsapp_service.estados import Estado
from whatsapp_service.json_logging import log_event
from whatsapp_service.listing import Filter, Page, list_page
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.errors import PermanentError, UsageError
from whatsapp_service.ops.moments import past
from whatsapp_service.ops.refusal_text import describe_refusal
from whatsapp_service.refusals import ChangeRefusedError
from whatsapp_service.requeue import RequeueCounts, Requeued, Selection
from whatsapp_service.scheduler.state import request_wake

logger = logging.getLogger("whatsapp.ops")

_PREVIEWED = 20


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """Send failed notifications again: those of the ids, or those that match, at most ``--max``."""
    selection = _selection(context, options)
    if options.ids:
        if selection != Selection(include_unknown=selection.include_unknown) or options.max is not None:
            raise UsageError(context.texts("requeue_ids_alone"))
        if options.dry_run:
            raise UsageError(context.texts("requeue_dry_ids"))
        return _run_ids(context, options.ids, include_unknown=selection.include_unknown)
    if selection == Selection(include_unknown=selection.include_unknown):
        raise UsageError(context.texts("requeue_needs_selection"))
    if options.dry_run:
        return _preview(context, selection)
    if options.max is None:
        raise UsageError(context.texts("requeue_needs_max"))
    return _run_selection(context, selection, options.max)


def _selection(context: OpsContext, options: argparse.Namespace) -> Selection:
    now, zone = context.now(), context.zone
    return Selection(
        empresa_id=options.company,
        plantilla_id=options.template,
        codigo_error=options.error_code,
        clase_error=options.error_class,
        since=None if options.since is None else past(options.since, now, zone),
        until=None if options.until is None else past(options.until, now, zone),
        include_unknown=options.include_unknown,
    )


def _run_ids(context: OpsContext, ids: list[int], *, include_unknown: bool) -> int:
    console, texts = context.console, context.texts
    requeued, refused = asyncio.run(_requeue_ids(context, ids, include_unknown=include_unknown))
    _log(context, len(requeued))
    for one in requeued:
        console.line(texts("requeue_done", id=one.id))
    console.result(
        {
            "requeued": [{"id": one.id, "due": one.due} for one in requeued],
            "refused": [{"id": notification_id, "code": error.code} for notification_id, error in refused],
        }
    )
    for notification_id, error in refused:
        console.warn(texts("refused_line", id=notification_id, reason=describe_refusal(error, texts)))
    if refused:
        raise PermanentError(texts("refused_some", count=len(refused)))
    return 0


def _run_selection(context: OpsContext, selection: Selection, limit: int) -> int:
    console, texts = context.console, context.texts
    counts = asyncio.run(_requeue_matching(context, selection, limit))
    _log(context, counts.requeued)
    console.line(texts("requeue_count", count=counts.requeued))
    if counts.left:
        console.line(texts("requeue_left", count=counts.left))
    if counts.more:
        console.line(texts("requeue_more"))
    console.result({"requeued": counts.requeued, "left": counts.left, "more": counts.more})
    return 0


def _preview(context: OpsContext, selection: Selection) -> int:
    console, texts = context.console, context.texts
    page = asyncio.run(_matching(context, selection))
    ids = [notification["id"] for notification in page.notifications]
    console.line(texts("requeue_preview" if page.exact else "requeue_preview_least", count=page.total))
    if ids:
        console.line(texts("requeue_preview_ids", ids=", ".join(str(one) for one in ids)))
    console.result({"matching": page.total, "exact": page.exact, "newest": ids})
    return 0


def _log(context: OpsContext, count: int) -> None:
    if count:
        log_event(
            logger,
            logging.INFO,
            "Notifications requeued",
            tags=("notification",),
            count=count,
            by=context.operator,
        )


async def _requeue_ids(
    context: OpsContext, ids: list[int], *, include_unknown: bool
) -> tuple[list[Requeued], list[tuple[int, ChangeRefusedError]]]:
    requeued, refused = [], []
    async with context.open_database() as client:
        for notification_id in dict.fromkeys(ids):
            try:
                requeued.append(
                    await requeue.requeue(
                        client,
                        notification_id,
                        now=context.now(),
                        by=context.operator,
                        include_unknown=include_unknown,
                    )
                )
            except ChangeRefusedError as error:
                refused.append((notification_id, error))
        if requeued:
            await request_wake(client, context.now())
    return requeued, refused


async def _requeue_matching(context: OpsContext, selection: Selection, limit: int) -> RequeueCounts:
    async with context.open_database() as client:
        counts = await requeue.requeue_matching(
            client, selection, now=context.now(), by=context.operator, limit=limit
        )
        if counts.requeued:
            await request_wake(client, context.now())
    return counts


async def _matching(context: OpsContext, selection: Selection) -> Page:
    estados = (Estado.ERROR, Estado.DESCONOCIDA) if selection.include_unknown else (Estado.ERROR,)
    wanted = Filter(
        estados=estados,
        empresa_id=selection.empresa_id,
        plantilla_id=selection.plantilla_id,
        codigo_error=selection.codigo_error,
        clase_error=selection.clase_error,
        since=selection.since,
        until=selection.until,
    )
    async with context.open_database(read_only=True) as client:
        return await list_page(client, wanted, limit=_PREVIEWED)
