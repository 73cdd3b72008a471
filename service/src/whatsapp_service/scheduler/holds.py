"""Holding back everything or a template after an error that is not the message's own fault."""

from __future__ import annotations

from datetime import datetime

from libsql_client import Client

from whatsapp_service.graph.errors import Action, ErrorClass, SendError
from whatsapp_service.pauses import Origin, Pause, Scope, active_pauses, pause, resume
from whatsapp_service.scheduler.backoff import hold_time


async def hold(client: Client, error: SendError, *, template_id: int, instance: str, now: datetime) -> Pause:
    """Pause what the error concerns, for all schedulers, until it is worth another try."""
    of_template = error.action is Action.HOLD_TEMPLATE
    made = Pause(
        scope=Scope.TEMPLATE if of_template else Scope.EVERYTHING,
        object_id=template_id if of_template else 0,
        origin=Origin.META,
        reason=str(error),
        error_code=error.code,
        error_class=error.error_class.value,
        created_by=instance,
        since=now,
        until=now + hold_time(error.error_class),
    )
    await pause(client, made)
    return made


async def lift_refused_login(client: Client, now: datetime) -> bool:
    """End Meta's pause of everything when it was about the token, which has just been accepted."""
    for held in await active_pauses(client, now):
        if (
            held.scope is Scope.EVERYTHING
            and held.origin is Origin.META
            and held.error_class == ErrorClass.AUTH
        ):
            return await resume(client, Scope.EVERYTHING, origin=Origin.META) > 0
    return False
