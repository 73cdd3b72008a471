"""``whatsapp-ops cancel``."""

import argparse
import asyncio
import logging

from whatsapp_service import cancellation
from whatsapp_service.json_logging import log_event
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.refusal_text import describe_refusal
from whatsapp_service.refusals import ChangeRefusedError

logger = logging.getLogger("whatsapp.ops")


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """Cancel notifications that have not been sent; returns 1 when one could not be cancelled."""
    console, texts = context.console, context.texts
    cancelled, refused = asyncio.run(_cancel(context, options.ids))
    if cancelled:
        log_event(
            logger,
            logging.INFO,
            "Notifications cancelled",
            tags=("notification",),
            ids=cancelled,
            by=context.operator,
        )
    for notification_id in cancelled:
        console.line(texts("cancel_done", id=notification_id))
    console.result(
        {
            "cancelled": cancelled,
            "refused": [{"id": notification_id, "code": error.code} for notification_id, error in refused],
        }
    )
    for notification_id, error in refused:
        console.warn(texts("refused_line", id=notification_id, reason=describe_refusal(error, texts)))
    if refused:
        raise PermanentError(texts("refused_some", count=len(refused)))
    return 0


async def _cancel(
    context: OpsContext, ids: list[int]
) -> tuple[list[int], list[tuple[int, ChangeRefusedError]]]:
    cancelled, refused = [], []
    async with context.open_database() as client:
        for notification_id in dict.fromkeys(ids):
            try:
                await cancellation.cancel(client, notification_id, now=context.now(), by=context.operator)
            except ChangeRefusedError as error:
                refused.append((notification_id, error))
            else:
                cancelled.append(notification_id)
    return cancelled, refused
