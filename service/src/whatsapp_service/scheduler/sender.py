"""Sending one leased notification and recording its outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from libsql_client import Client

from whatsapp_service.clock import Clock
from whatsapp_service.estados import Estado
from whatsapp_service.graph.client import GraphClient
from whatsapp_service.graph.errors import Action, ErrorClass, SendError
from whatsapp_service.graph.messages import TemplateMessage, is_valid_phone, render_parameters
from whatsapp_service.hours import BusinessHours, HoursError, load_hours
from whatsapp_service.json_logging import log_event
from whatsapp_service.scheduler import outcomes
from whatsapp_service.scheduler.backoff import hold_time, retry_delay
from whatsapp_service.scheduler.graph_health import GraphHealth
from whatsapp_service.scheduler.leases import DueNotification, begin_attempt
from whatsapp_service.scheduler.metrics import SchedulerMetrics
from whatsapp_service.scheduler.rate_limit import RateLimiter
from whatsapp_service.settings import Settings

logger = logging.getLogger("whatsapp.notifications")

_ANSWER_MARGIN: Final = timedelta(seconds=30)
_HOURS_RETRY: Final = timedelta(minutes=15)


class Sender:
    """Sends within hours and rate limit; after an error that concerns every message it holds for a while."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Client,
        graph: GraphClient,
        health: GraphHealth,
        limiter: RateLimiter,
        metrics: SchedulerMetrics,
        owner: str,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self._retry_attempts = settings.whatsapp_retry_attempts
        self._answer_time = timedelta(seconds=settings.whatsapp_timeout) + _ANSWER_MARGIN
        self._database = database
        self._graph = graph
        self._health = health
        self._limiter = limiter
        self._metrics = metrics
        self._owner = owner
        self._clock = clock
        self._random = random
        self._held_until: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether nothing may be sent now."""
        return self._held_until is not None and self._clock() < self._held_until

    async def process(self, due: DueNotification) -> None:
        """Bring one notification to its next state. Raises DatabaseError only."""
        opening = await self._next_opening(due)
        if opening is not None:
            return
        try:
            message = _message(due)
        except SendError as error:
            await self._fail(due, error)
            return
        await self._limiter.acquire()
        now = self._clock()
        if not await begin_attempt(
            self._database, due.id, owner=self._owner, now=now, until=now + self._answer_time
        ):
            log_event(logger, logging.WARNING, "Lease lost before sending", notification_id=due.id)
            return
        started = time.perf_counter()
        try:
            accepted = await self._graph.send(message)
        except SendError as error:
            self._metrics.graph_duration.observe(time.perf_counter() - started)
            self._health.failed(error, self._clock())
            await self._record_error(due, error)
            return
        elapsed = time.perf_counter() - started
        self._metrics.graph_duration.observe(elapsed)
        self._metrics.sends.labels("accepted", "none").inc()
        self._health.succeeded(self._clock())
        await outcomes.record_accepted(self._database, due.id, accepted.message_id, self._clock())
        log_event(
            logger,
            logging.INFO,
            "Notification sent successfully",
            tags=("notification", "whatsapp", "success"),
            duration_ms=round(elapsed * 1000, 3),
            **_identity(due),
        )

    async def _next_opening(self, due: DueNotification) -> datetime | None:
        """Reschedule outside the company's hours and return the new time; None inside them."""
        now = self._clock()
        try:
            hours: BusinessHours | None = await load_hours(self._database, due.empresa_id)
            opening = now if hours is None else hours.next_opening(now)
            reason = "outside the company's hours"
        except HoursError as error:
            opening, reason = None, str(error)
        if opening is None:
            log_event(logger, logging.ERROR, "Company hours never open", reason=reason, **_identity(due))
            opening = now + _HOURS_RETRY
        if opening <= now:
            return None
        await outcomes.reschedule(self._database, due.id, opening, now, reason)
        return opening

    async def _record_error(self, due: DueNotification, error: SendError) -> None:
        now = self._clock()
        if error.action is Action.HOLD_ALL:
            self._held_until = now + hold_time(error.error_class)
            await outcomes.record_held(self._database, due.id, error, now)
            self._tell(due, error, "held")
        elif error.action is Action.UNKNOWN:
            await outcomes.record_final(self._database, due.id, Estado.DESCONOCIDA, error, now)
            self._tell(due, error, "unknown")
        elif error.action is Action.RETRY and due.attempts < self._retry_attempts:
            delay = retry_delay(error.error_class, due.attempts + 1, self._random)
            await outcomes.record_retry(self._database, due.id, error, now, now + delay)
            self._tell(due, error, "retry")
        else:
            await self._fail(due, error)

    async def _fail(self, due: DueNotification, error: SendError) -> None:
        await outcomes.record_final(self._database, due.id, Estado.ERROR, error, self._clock())
        self._tell(due, error, "failed")

    def _tell(self, due: DueNotification, error: SendError, result: str) -> None:
        self._metrics.sends.labels(result, error.error_class.value).inc()
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


def _message(due: DueNotification) -> TemplateMessage:
    if not due.contact_active:
        raise SendError(ErrorClass.REQUEST, "the contact is not active")
    if not due.template_active:
        raise SendError(ErrorClass.REQUEST, "the template is not active")
    if not is_valid_phone(due.phone):
        raise SendError(ErrorClass.RECIPIENT, "Invalid phone")
    return TemplateMessage(
        phone=due.phone,
        template=due.template,
        language=due.language,
        parameters=render_parameters(due.variable_names, due.variables),
        callback_data=str(due.id),
    )


def _identity(due: DueNotification) -> dict[str, Any]:
    return {
        "notification_id": due.id,
        "empresa_id": due.empresa_id,
        "contacto_id": due.contacto_id,
        "valorizacion_id": due.valorizacion_id,
    }
