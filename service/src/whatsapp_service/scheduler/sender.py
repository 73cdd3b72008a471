"""Sending one leased notification and recording its outcome."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from whatsapp_database import TransientDatabaseError

from whatsapp_service.estados import Estado
from whatsapp_service.graph.client import Accepted
from whatsapp_service.graph.correlation import Correlation
from whatsapp_service.graph.errors import Action, ErrorClass, SendError
from whatsapp_service.graph.messages import TemplateMessage, is_valid_phone, render_parameters
from whatsapp_service.json_logging import log_event
from whatsapp_service.masking import mask_message_id
from whatsapp_service.scheduler import outcomes
from whatsapp_service.scheduler.attempts import Begun, LeaseLost, RecipientBusy, begin_attempt
from whatsapp_service.scheduler.backoff import retry_delay
from whatsapp_service.scheduler.context import SchedulerContext
from whatsapp_service.scheduler.holds import hold
from whatsapp_service.scheduler.leases import DueNotification
from whatsapp_service.scheduler.pace import hold_recipient

logger = logging.getLogger("whatsapp.notifications")

ANSWER_MARGIN: Final = timedelta(seconds=10)
"""Beyond the request's own time limit: to record its outcome, before the sender is given up for dead."""
_RECORD_TRIES: Final = 5
_RECORD_PAUSE_SECONDS: Final = 0.2
_BAD_NUMBER: Final = frozenset({131026, None})
"""Errors about the recipient that say that the number is no good: Meta's, and our own check's."""


class Sender:
    """Sends when the message's slot has come, a connection is free and nothing is paused."""

    def __init__(self, context: SchedulerContext) -> None:
        self._context = context
        settings = context.settings
        self._retry_attempts = settings.whatsapp_retry_attempts
        self._answer_time = timedelta(seconds=settings.whatsapp_timeout) + ANSWER_MARGIN
        self._connections = asyncio.Semaphore(context.graph.connections)

    async def send(self, due: DueNotification, parameters: tuple[str, ...], slot: float) -> bool:
        """Bring one notification to its next state; False when it was left leased and unsent.

        `slot` is the Unix time before which it may not leave. Raises DatabaseError only.
        """
        context = self._context
        await context.sleep(slot - context.clock().timestamp())
        if context.stop.is_set():
            return False
        async with self._connections:
            now = context.clock()
            begun = await begin_attempt(
                context.database,
                due.id,
                phone=due.phone,
                owner=context.instance,
                now=now,
                until=now + self._answer_time,
            )
            if not isinstance(begun, Begun):
                if isinstance(begun, RecipientBusy):
                    reason = "the recipient's rate limit is used up"
                    await outcomes.reschedule(context.database, due.id, begun.free_at, now, reason)
                    context.metrics.recipient_waits.inc()
                    return True
                if isinstance(begun, LeaseLost):
                    log_event(logger, logging.WARNING, "Lease lost before sending", notification_id=due.id)
                    return True
                return False
            context.window.add(now)
            message = _message(due, parameters, begun.send_number)
            started = time.perf_counter()
            result = await self._request(message)
            elapsed = time.perf_counter() - started
        context.metrics.graph_duration.observe(elapsed)
        if isinstance(result, SendError):
            context.health.failed(result, context.clock())
            await self._record_error(due, result)
            return True
        context.health.succeeded(context.clock())
        context.metrics.sends.labels("accepted", "none").inc()
        message_id = result.message_id
        await self._persist(
            lambda: outcomes.record_accepted(
                context.database, due.id, begun.send_number, message_id, context.clock()
            )
        )
        log_event(
            logger,
            logging.INFO,
            "Notification sent successfully",
            tags=("notification", "whatsapp", "success"),
            duration_ms=round(elapsed * 1000, 3),
            whatsapp_message_id=mask_message_id(message_id),
            **_identity(due),
        )
        return True

    async def refuse(self, due: DueNotification, error: SendError) -> None:
        """ERROR for what cannot be sent at all."""
        await self._fail(due, error)

    async def _request(self, message: TemplateMessage) -> Accepted | SendError:
        try:
            return await self._context.graph.send(message)
        except SendError as error:
            return error

    async def _record_error(self, due: DueNotification, error: SendError) -> None:
        context, now = self._context, self._context.clock()
        database = context.database
        if error.action in {Action.HOLD_ALL, Action.HOLD_TEMPLATE}:
            await self._persist(
                lambda: hold(
                    database, error, template_id=due.plantilla_id, instance=context.instance, now=now
                )
            )
            await self._persist(lambda: outcomes.record_held(database, due.id, error, now))
            self._tell(due, error, "held")
        elif error.action is Action.UNKNOWN:
            await self._persist(
                lambda: outcomes.record_final(database, due.id, Estado.DESCONOCIDA, error, now)
            )
            self._tell(due, error, "unknown")
        elif error.action is Action.RETRY and due.attempts < self._retry_attempts:
            again = now + retry_delay(error.error_class, due.attempts + 1, context.random)
            if error.error_class is ErrorClass.RECIPIENT_THROTTLED:
                await self._persist(lambda: hold_recipient(database, due.phone, again))
            await self._persist(lambda: outcomes.record_retry(database, due.id, error, now, again))
            self._tell(due, error, "retry")
        else:
            await self._fail(due, error)

    async def _fail(self, due: DueNotification, error: SendError) -> None:
        database, now = self._context.database, self._context.clock()
        await self._persist(lambda: outcomes.record_final(database, due.id, Estado.ERROR, error, now))
        if error.error_class is ErrorClass.RECIPIENT and error.code in _BAD_NUMBER:
            await self._persist(lambda: outcomes.mark_bad_phone(database, due.contacto_id, error.code, now))
        self._tell(due, error, "failed")

    async def _persist(self, record: Callable[[], Awaitable[object]]) -> None:
        """Record an outcome, again while the database is busy: what is not recorded is not known."""
        for attempt in range(1, _RECORD_TRIES + 1):
            try:
                await record()
            except TransientDatabaseError:
                if attempt == _RECORD_TRIES:
                    raise
                await self._context.sleep(_RECORD_PAUSE_SECONDS * attempt)
            else:
                return

    def _tell(self, due: DueNotification, error: SendError, result: str) -> None:
        self._context.metrics.sends.labels(result, error.error_class.value).inc()
        log_event(
            logger,
            logging.ERROR if result in {"failed", "unknown", "held"} else logging.WARNING,
            f"WHATSAPP_ERROR {error.message}",
            tags=("notification", "whatsapp", "error"),
            whatsapp_error_code=error.code,
            error_class=error.error_class.value,
            result=result,
            **_identity(due),
        )


def message_parameters(due: DueNotification) -> tuple[str, ...]:
    """The values of the template's placeholders. Raises SendError for what cannot be sent at all."""
    if not due.contact_active:
        raise SendError(ErrorClass.REQUEST, "the contact is not active")
    if not due.template_active:
        raise SendError(ErrorClass.REQUEST, "the template is not active")
    if not is_valid_phone(due.phone):
        raise SendError(ErrorClass.RECIPIENT, "Invalid phone")
    return render_parameters(due.variable_names, due.variables)


def _message(due: DueNotification, parameters: tuple[str, ...], send_number: int) -> TemplateMessage:
    return TemplateMessage(
        phone=due.phone,
        template=due.template,
        language=due.language,
        parameters=parameters,
        callback_data=str(Correlation(due.id, send_number)),
    )


def _identity(due: DueNotification) -> dict[str, Any]:
    return {
        "request_id": due.request_id,
        "notification_id": due.id,
        "empresa_id": due.empresa_id,
        "contacto_id": due.contacto_id,
        "valorizacion_id": due.valorizacion_id,
    }
