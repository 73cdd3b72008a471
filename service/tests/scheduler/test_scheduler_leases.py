"""Leases and attempts: one sender at a time, none of what is paused, none twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from whatsapp_service import pauses
from whatsapp_service.pauses import Origin, Pause, Scope
from whatsapp_service.scheduler import leases
from whatsapp_service.scheduler.attempts import Begun, LeaseLost, Paused, RecipientBusy, begin_attempt

from .bench import NOW, SchedulerBench

MINUTE = timedelta(minutes=1)
PHONE = "+51987654321"


def _pause(scope: Scope, object_id: int = 0) -> Pause:
    return Pause(scope, object_id, Origin.OPERATOR, "maintenance", None, None, "ana", NOW, None)


async def test_two_schedulers_never_lease_the_same_row(bench: SchedulerBench) -> None:
    await bench.insert(20)
    taken = await asyncio.gather(
        *(leases.lease(bench.database, owner=f"s{n}", now=NOW, duration=MINUTE, limit=4) for n in range(6))
    )
    ids = [due.id for batch in taken for due in batch]
    assert len(ids) == len(set(ids)) == 20


async def test_expired_lease_is_taken_over_and_the_old_owner_may_not_send(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()
    await leases.lease(bench.database, owner="old", now=NOW, duration=MINUTE, limit=1)
    later = NOW + 2 * MINUTE
    assert len(await leases.lease(bench.database, owner="new", now=later, duration=MINUTE, limit=1)) == 1
    begin = partial(begin_attempt, bench.database, notification, phone=PHONE, now=later, until=later + MINUTE)
    assert await begin(owner="old") == LeaseLost()
    assert await begin(owner="new") == Begun(1)
    assert await begin(owner="new") == LeaseLost()


async def test_send_that_was_cut_off_becomes_unknown_and_is_not_repeated(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()
    await leases.lease(bench.database, owner="dead", now=NOW, duration=MINUTE, limit=1)
    await begin_attempt(bench.database, notification, phone=PHONE, owner="dead", now=NOW, until=NOW + MINUTE)
    await bench.scheduler.run_once()
    assert (await bench.row(notification))["estado"] == "PENDIENTE"
    bench.now += 2 * MINUTE
    await bench.scheduler.run_once()
    assert (await bench.row(notification))["estado"] == "DESCONOCIDA"
    assert bench.graph.received == []


async def test_what_is_paused_is_not_leased(bench: SchedulerBench) -> None:
    await bench.database.batch(
        [
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
            VALUES (2, 'otra', 'otra', 'Hola')""",
            """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
            VALUES (3, 8, 'Eva', '+51987654323')""",
        ]
    )
    of_template = await bench.insert(plantilla_id=2)
    of_company = await bench.insert(contacto_id=3, empresa_id=8)
    free = await bench.insert()
    await pauses.pause(bench.database, _pause(Scope.TEMPLATE, 2))
    await pauses.pause(bench.database, _pause(Scope.COMPANY, 8))
    await bench.scheduler.run_once()
    assert await bench.states([*of_template, *of_company, *free]) == ["PENDIENTE", "PENDIENTE", "ENVIADA"]
    await pauses.pause(bench.database, _pause(Scope.EVERYTHING))
    more = await bench.insert()
    await bench.scheduler.run_once()
    assert await bench.states(more) == ["PENDIENTE"]
    shown = bench.context.metrics.registry.get_sample_value
    assert shown("whatsapp_scheduler_paused", {"scope": "todo", "origin": "operador"}) == 1
    for scope, object_id in ((Scope.EVERYTHING, 0), (Scope.TEMPLATE, 2), (Scope.COMPANY, 8)):
        assert await pauses.resume(bench.database, scope, object_id) == 1
    await bench.scheduler.run_once()
    assert set(await bench.states([*of_template, *of_company, *more])) == {"ENVIADA"}


async def test_a_pause_stops_what_is_leased_already(bench: SchedulerBench) -> None:
    (notification,) = await bench.insert()
    await leases.lease(bench.database, owner="me", now=NOW, duration=MINUTE, limit=1)
    await pauses.pause(bench.database, _pause(Scope.COMPANY, 7))
    begun = await begin_attempt(
        bench.database, notification, phone=PHONE, owner="me", now=NOW, until=NOW + MINUTE
    )
    assert begun == Paused()
    assert (await bench.row(notification))["intentos"] == 0


async def test_one_recipient_gets_a_burst_and_then_waits(bench: SchedulerBench) -> None:
    waiting = await bench.insert(42)
    while await bench.scheduler.run_once():
        pass
    states = await bench.states(waiting)
    assert (states.count("ENVIADA"), states.count("PENDIENTE")) == (40, 2)
    due = {(await bench.row(notification))["programada_para"] for notification in waiting[40:]}
    assert due == {"2026-01-02T12:00:06.000Z"}
    bench.now += timedelta(seconds=6)
    await bench.scheduler.run_once()
    assert (await bench.states(waiting)).count("ENVIADA") == 41


async def test_the_wait_of_a_recipient_is_told(bench: SchedulerBench) -> None:
    outcomes = []
    for notification in await bench.insert(41):
        await leases.lease(bench.database, owner="me", now=NOW, duration=MINUTE, limit=1)
        outcomes.append(
            await begin_attempt(
                bench.database, notification, phone=PHONE, owner="me", now=NOW, until=NOW + MINUTE
            )
        )
    assert outcomes[:40] == [Begun(1)] * 40
    assert outcomes[40] == RecipientBusy(NOW + timedelta(seconds=6))
