"""Pages of notifications, newest first: which index reads them, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from libsql_client import Client, InStatement, InValue
from whatsapp_database import rows, timestamps

from whatsapp_service.estados import Estado

# Not for lists: whatsapp_message_id, in which Meta encodes the contact's number.
COLUMNS: Final = (
    "id, empresa_id, contacto_id, plantilla_id, valorizacion_id, evento, estado, prioridad, intentos,"
    " ultimo_error, codigo_error, clase_error, programada_para, created_at, updated_at,"
    " enviada_at, entregada_at, leida_at, fallida_at"
)
COUNTED_AT_MOST: Final = 10_000
"""Rows that counting looks at where the kept counts do not tell, so that it costs milliseconds."""
_ABOVE_ALL_IDS: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Filter:
    """What a notification must have; None does not narrow, nor does an empty `estados`.

    `since` (included) and `until` (excluded) are times of creation.
    """

    estados: tuple[Estado, ...] = ()
    empresa_id: int | None = None
    contacto_id: int | None = None
    plantilla_id: int | None = None
    valorizacion_id: int | None = None
    codigo_error: int | None = None
    clase_error: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of COLUMNS, newest first. `next_before` goes on after them, None at the end; a total that is not
    `exact` is a lower bound."""

    notifications: list[dict[str, object]]
    total: int
    exact: bool
    next_before: int | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """One branch for each of `starts` (the condition on the index's first column), all read backwards by id;
    `narrowing` is checked on the rows. The conditions name the keys of `values`."""

    index: str
    starts: tuple[str, ...]
    narrowing: tuple[str, ...]
    values: dict[str, InValue]


async def list_page(
    client: Client, wanted: Filter, *, limit: int, offset: int = 0, before: int | None = None
) -> Page:
    """A page of the notifications with ids below `before`.

    A page by `before` costs the same however deep it is; an `offset` costs what it skips. The total takes no
    notice of either.
    """
    matching, prefer_states = await _kept_counts(client, wanted)
    if matching == 0:
        return Page([], 0, exact=True, next_before=None)
    plan = _plan(wanted, prefer_states=prefer_states)
    kept = wanted == Filter(estados=wanted.estados, empresa_id=wanted.empresa_id)
    statements = [_page_statement(plan, before, limit + 1, offset)]
    if not kept:
        statements.append(_count_statement(plan))
    results = await client.batch(statements)
    found: list[dict[str, object]] = [dict(row.asdict()) for row in results[0]]
    exact = True
    if not kept:
        matching = rows.integer(results[1][0], "matching")
        exact = rows.integer(results[1][0], "looked_at") <= COUNTED_AT_MOST
        if not exact:
            matching = max(matching, len(found) + (offset if before is None and found else 0))
    last = found[limit - 1]["id"] if len(found) > limit else None
    return Page(found[:limit], matching, exact, last if isinstance(last, int) else None)


async def _kept_counts(client: Client, wanted: Filter) -> tuple[int, bool]:
    """How many have the wanted states and company; whether the states alone are rarer than the company."""
    company = "true" if wanted.empresa_id is None else "empresa_id = :company"
    states = "estado IN (SELECT value FROM json_each(:states))" if wanted.estados else "true"
    sums = [f"{company} AND {states}"]
    if wanted.empresa_id is not None and wanted.estados:
        sums += [company, states]
    columns = ", ".join(
        f"(SELECT coalesce(sum(total), 0) FROM whatsapp_conteo_estados WHERE {where}) AS sum{number}"  # noqa: S608 - constant texts
        for number, where in enumerate(sums)
    )
    values: dict[str, InValue] = {}
    if wanted.empresa_id is not None:
        values["company"] = wanted.empresa_id
    if wanted.estados:
        values["states"] = orjson.dumps([estado.value for estado in wanted.estados]).decode()
    row = (await client.execute(f"SELECT {columns}", values))[0]
    rarer = len(sums) > 1 and rows.integer(row, "sum2") < rows.integer(row, "sum1")
    return rows.integer(row, "sum0"), rarer


def _plan(wanted: Filter, *, prefer_states: bool) -> _Plan:
    given: dict[str, InValue] = {
        "valorizacion_id =": wanted.valorizacion_id,
        "contacto_id =": wanted.contacto_id,
        "empresa_id =": wanted.empresa_id,
        "plantilla_id =": wanted.plantilla_id,
        "codigo_error =": wanted.codigo_error,
        "clase_error =": wanted.clase_error,
        "created_at >=": None if wanted.since is None else timestamps.to_text(wanted.since),
        "created_at <": None if wanted.until is None else timestamps.to_text(wanted.until),
    }
    conditions: dict[str, str] = {}
    values: dict[str, InValue] = {}
    for number, (left, value) in enumerate(given.items()):
        if value is not None:
            conditions[left] = f"{left} :value{number}"
            values[f"value{number}"] = value
    states: list[str] = []
    for number, estado in enumerate(dict.fromkeys(wanted.estados)):
        states.append(f"estado = :state{number}")
        values[f"state{number}"] = estado.value

    def indexed(left: str) -> bool:
        return left in conditions and not (left == "empresa_id =" and states and prefer_states)

    start = next(
        (left for left in ("valorizacion_id =", "contacto_id =", "empresa_id =") if indexed(left)), None
    )
    if start is not None:
        index = f"INDEXED BY idx_whatsapp_notificaciones_{start.removesuffix('_id =')}"
        starts: tuple[str, ...] = (conditions.pop(start),)
        if states:
            conditions["estado"] = f"({' OR '.join(states)})"
    elif states:
        # Never the index of what is due: SQLite would sort all that is pending to find the newest.
        index, starts = "INDEXED BY idx_whatsapp_notificaciones_estado", tuple(states)
    else:
        index, starts = "NOT INDEXED", ("true",)
    return _Plan(index, starts, tuple(conditions.values()), values)


def _page_statement(plan: _Plan, before: int | None, limit: int, offset: int) -> InStatement:
    values = {**plan.values, "before": before or _ABOVE_ALL_IDS, "limit": limit, "offset": offset}
    if len(plan.starts) == 1:
        branch = _branch(COLUMNS, plan, plan.starts[0], "id < :before", *plan.narrowing)
        return (f"{branch} LIMIT :limit OFFSET :offset", values)
    branches = [
        f"SELECT id FROM ({_branch('id', plan, start, 'id < :before', *plan.narrowing)} LIMIT :reach)"  # noqa: S608 - constant texts
        for start in plan.starts
    ]
    return (
        f"""SELECT {COLUMNS} FROM whatsapp_notificaciones WHERE id IN ({" UNION ALL ".join(branches)})
        ORDER BY id DESC LIMIT :limit OFFSET :offset""",  # noqa: S608 - constant texts
        {**values, "reach": limit + offset},
    )


def _count_statement(plan: _Plan) -> InStatement:
    matches = " AND ".join(plan.narrowing) or "true"
    branches = [
        f"SELECT matches FROM ({_branch(f'{matches} AS matches', plan, start)} LIMIT :reach)"  # noqa: S608 - constant texts
        for start in plan.starts
    ]
    return (
        f"""SELECT coalesce(sum(matches), 0) AS matching, count(*) AS looked_at
        FROM ({" UNION ALL ".join(branches)} LIMIT :reach)""",  # noqa: S608 - constant texts
        {**plan.values, "reach": COUNTED_AT_MOST + 1},
    )


def _branch(columns: str, plan: _Plan, *conditions: str) -> str:
    return f"""SELECT {columns} FROM whatsapp_notificaciones {plan.index}
        WHERE {" AND ".join(conditions)} ORDER BY id DESC"""  # noqa: S608 - constant texts
