"""Every kept aggregate equals what a second count finds, after random changes such as the service makes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from libsql_client import Client, InStatement, Value
from whatsapp_database import rows
from whatsapp_database.timestamps import from_text, to_text

Columns = dict[str, Value]

START = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
STATES = ("PENDIENTE", "ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "CANCELADA", "DESCONOCIDA")
PHONES = {
    "PE": "+51900000001",
    "CA": "+14165550123",
    "US": "+12125550123",
    "KZ": "+77011234567",
    "ZZ": "+99912345678",
}
CATEGORIES = {1: "UTILITY", 2: "MARKETING", 3: "UTILITY"}
MILESTONES = {"sent": "enviada_at", "delivered": "entregada_at", "read": "leida_at", "failed": "fallida_at"}
STATUSES = {
    "ENVIADA": ("enviada_at",),
    "ENTREGADA": ("enviada_at", "entregada_at"),
    "LEIDA": ("enviada_at", "entregada_at", "leida_at"),
    "ERROR": ("fallida_at",),
}
BOUNDS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 14400, 43200, 86400, 1e18)


@dataclass
class Recount:
    """The aggregates by the differences between two readings of the tables, without a trigger."""

    countries: dict[Value, str]
    counters: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    durations: Counter[tuple[str, float]] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    last_sent: dict[Value, str] = field(default_factory=dict)

    def observe(self, before: dict[Value, Columns], after: dict[Value, Columns]) -> None:
        """Count what happened to each row between the readings."""
        for key, row in after.items():
            old = before.get(key)
            if old is None:
                self._count("accepted", row)
                self.days["total"] += 1
                # What a new row brings with it happened to it, but for its attempts.
                unborn = {**dict.fromkeys(row), "intentos": row["intentos"]}
                self._change({**unborn, "envio_iniciado_at": row["envio_iniciado_at"]}, row)
            else:
                self._change(old, row)

    def _change(self, old: Columns, new: Columns) -> None:
        for name, column in MILESTONES.items():
            if old[column] is None and new[column] is not None:
                self._count(name, new)
                self._milestone(name, old, new)
        self.days["errores"] += (new["estado"] == "ERROR") - (old["estado"] == "ERROR")
        if new["estado"] == "DESCONOCIDA" != old["estado"]:
            self.counters["unknown", "total", ""] += 1
        if _integer(new["intentos"]) > max(1, _integer(old["intentos"])):
            self.counters["retried", "total", ""] += 1
        if old["facturable"] is None and new["facturable"] is not None:
            name = "billable" if new["facturable"] else "free"
            self.counters[name, "cobro", f"{_text(new['cobro_categoria'])}/{_text(new['cobro_tipo'])}"] += 1
            if name == "billable":
                self.counters[name, "empresa", str(new["empresa_id"])] += 1

    def _count(self, name: str, row: Columns) -> None:
        self.counters[name, "empresa", str(row["empresa_id"])] += 1
        self.counters[name, "plantilla", str(row["plantilla_id"])] += 1
        self.counters[name, "categoria", CATEGORIES[_integer(row["plantilla_id"])]] += 1
        self.counters[name, "pais", self.countries[row["contacto_id"]]] += 1

    def _milestone(self, name: str, old: Columns, new: Columns) -> None:
        if name == "failed":
            self.counters["failed", "error", f"{_text(new['clase_error'])}/{_text(new['codigo_error'])}"] += 1
            return
        self.days[{"sent": "enviadas", "delivered": "entregadas", "read": "leidas"}[name]] += 1
        if name == "sent":
            self._measure("accepted_to_sent", new["created_at"], new["enviada_at"])
            self._measure("due_to_sent", new["programada_para"], new["enviada_at"])
            contact, moment = new["contacto_id"], str(new["enviada_at"])
            self.last_sent[contact] = max(self.last_sent.get(contact, ""), moment)
        elif name == "delivered":
            known = old["enviada_at"] is not None or _differ(new["enviada_at"], new["entregada_at"])
            since = new["enviada_at"] if known else old["envio_iniciado_at"]
            self._measure("sent_to_delivered", since, new["entregada_at"])
        elif old["entregada_at"] is not None or _differ(new["entregada_at"], new["leida_at"]):
            self._measure("delivered_to_read", new["entregada_at"], new["leida_at"])

    def _measure(self, name: str, since: Value, until: Value) -> None:
        if isinstance(since, str) and isinstance(until, str):
            seconds = max(0.0, (from_text(until) - from_text(since)).total_seconds())
            self.durations[name, next(bound for bound in BOUNDS if bound >= seconds)] += 1
            self.seconds[name] += round(seconds * 1000)


class Life:
    """Random statements about random notifications."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._newest = 0
        self._kinds: tuple[tuple[int, Callable[[], InStatement]], ...] = (
            (6, self._accept),
            (2, self._import),
            (6, self._begin),
            (5, self._answer),
            (3, self._retry),
            (1, self._hold),
            (9, self._status),
            (3, self._state_alone),
            (2, self._requeue),
            (1, self._many),
            (1, self._delete),
            (1, self._phone),
        )

    def statement(self) -> InStatement:
        weights = [weight for weight, _ in self._kinds]
        return self._chance.choices([kind for _, kind in self._kinds], weights)[0]()

    def _moment(self) -> str:
        whole = self._chance.random() < 0.5  # Meta's are whole seconds
        moment = START + timedelta(
            milliseconds=self._chance.choice((9_000, 600_000, 260_000_000)) * self._chance.random()
        )
        return to_text(moment.replace(microsecond=0) if whole else moment)

    def _id(self) -> int:
        return self._chance.randint(max(1, self._newest - 25), max(1, self._newest))

    def _insert(self, columns: Columns) -> InStatement:
        self._newest += 1
        values: Columns = {
            "id": self._newest,
            "empresa_id": self._chance.choice((7, 8)),
            "contacto_id": self._chance.randint(1, len(PHONES)),
            "plantilla_id": self._chance.choice(tuple(CATEGORIES)),
            "evento": "a",
            "fecha_metrica": "2026-01-02",
            "created_at": self._moment(),
            "programada_para": self._moment(),
            **columns,
        }
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        return (f"INSERT INTO whatsapp_notificaciones ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608

    def _accept(self) -> InStatement:
        return self._insert({})

    def _import(self) -> InStatement:
        def perhaps(value: Value) -> Value:
            return value if self._chance.random() < 0.5 else None

        return self._insert(
            {
                "estado": self._chance.choice(STATES),
                "intentos": self._chance.randint(0, 3),
                "envio_iniciado_at": perhaps(self._moment()),
                **{column: perhaps(self._moment()) for column in MILESTONES.values()},
                "clase_error": perhaps("recipient"),
                "codigo_error": perhaps(131026),
                "facturable": perhaps(self._chance.choice((0, 1))),
                "cobro_categoria": perhaps("utility"),
            }
        )

    def _update(self, changes: str, values: Columns, also: str = "1") -> InStatement:
        sql = f"UPDATE whatsapp_notificaciones SET {changes} WHERE id = :id AND {also}"  # noqa: S608
        return (sql, {"id": self._id(), **values})

    def _begin(self) -> InStatement:
        changes = "intentos = intentos + 1, envio_numero = envio_numero + 1, envio_iniciado_at = :now"
        return self._update(changes, {"now": self._moment()}, "estado = 'PENDIENTE'")

    def _answer(self) -> InStatement:
        changes = "estado = 'ENVIADA', enviada_at = coalesce(enviada_at, :now), envio_iniciado_at = NULL"
        return self._update(changes, {"now": self._moment()}, "estado IN ('PENDIENTE', 'DESCONOCIDA')")

    def _retry(self) -> InStatement:
        changes = "programada_para = :due, clase_error = 'transient', envio_iniciado_at = NULL"
        return self._update(changes, {"due": self._moment()}, "estado = 'PENDIENTE'")

    def _hold(self) -> InStatement:
        return self._update(
            "intentos = max(intentos - 1, 0), envio_iniciado_at = NULL", {}, "estado = 'PENDIENTE'"
        )

    def _status(self) -> InStatement:
        estado = self._chance.choice(tuple(STATUSES))
        earlier = ", ".join(
            f"{column} = CASE WHEN {column} IS NULL OR {column} > :at THEN :at ELSE {column} END"
            for column in STATUSES[estado]
        )
        values: Columns = {"at": self._moment(), "estado": estado}
        changes = f"{earlier}, estado = CASE WHEN estado = 'LEIDA' THEN estado ELSE :estado END"
        if estado == "ERROR":
            changes += ", clase_error = :class, codigo_error = :code"
            values |= {"class": "recipient", "code": self._chance.choice((131026, 131049, None))}
        elif estado != "LEIDA":
            changes += """, cobro_categoria = coalesce(cobro_categoria, :category),
                facturable = coalesce(facturable, :billable)"""
            values |= {
                "category": self._chance.choice(("utility", "marketing")),
                "billable": self._chance.choice((0, 1)),
            }
        return self._update(changes, values)

    def _state_alone(self) -> InStatement:
        return self._update("estado = :estado", {"estado": self._chance.choice(STATES)})

    def _requeue(self) -> InStatement:
        changes = """estado = 'PENDIENTE', intentos = 0, enviada_at = NULL, fallida_at = NULL,
            clase_error = NULL, codigo_error = NULL, facturable = NULL, cobro_categoria = NULL,
            envio_iniciado_at = NULL, programada_para = :due"""
        return self._update(
            changes,
            {"due": self._moment()},
            "estado IN ('ERROR', 'DESCONOCIDA') AND coalesce(entregada_at, leida_at) IS NULL",
        )

    def _many(self) -> InStatement:
        return (
            """UPDATE whatsapp_notificaciones SET estado = ?, clase_error = 'unknown_outcome'
            WHERE id % 11 = ?""",
            (self._chance.choice(("ERROR", "DESCONOCIDA", "ENTREGADA")), self._chance.randrange(11)),
        )

    def _delete(self) -> InStatement:
        return ("DELETE FROM whatsapp_notificaciones WHERE id % 13 = ?", (self._chance.randrange(13),))

    def _phone(self) -> InStatement:
        contact, phone = self._chance.randint(1, len(PHONES)), self._chance.choice(tuple(PHONES.values()))
        return ("UPDATE whatsapp_contactos SET telefono = ? WHERE id = ?", (phone, contact))


async def test_a_second_count_finds_the_same(each_migrated: Client) -> None:
    await _check(each_migrated, seed=1)


@pytest.mark.parametrize("seed", [2, 3])
async def test_recursive_triggers_make_no_difference(migrated: Client, seed: int) -> None:
    await migrated.execute("PRAGMA recursive_triggers = ON")
    await _check(migrated, seed)


async def _check(client: Client, seed: int) -> None:
    await client.batch(
        [
            "DELETE FROM whatsapp_contactos",
            "DELETE FROM whatsapp_plantillas_mensajes",
            *(
                (
                    "INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono) VALUES (?, 7, 'x', ?)",
                    (number, phone),
                )
                for number, phone in enumerate(PHONES.values(), 1)
            ),
            *(
                (
                    """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo, categoria)
                    VALUES (?, 'a', 'a', 'Hola', ?)""",
                    template,
                )
                for template in CATEGORIES.items()
            ),
        ]
    )
    recount = Recount(dict(enumerate(PHONES, 1)))
    recount.counters.update({("retried", "total", ""): 0, ("unknown", "total", ""): 0})
    life = Life(random.Random(seed))  # noqa: S311 - a seeded sequence for a test, nothing secret
    found: dict[Value, Columns] = {}
    for _ in range(500):
        _, notifications, contacts = await client.batch(
            [
                life.statement(),
                "SELECT * FROM whatsapp_notificaciones",
                "SELECT id, telefono, pais FROM whatsapp_contactos",
            ]
        )
        after = {row["id"]: row.asdict() for row in notifications}
        recount.observe(found, after)
        found = after
        countries = {phone: name for name, phone in PHONES.items()}
        recount.countries = {row["id"]: countries[rows.text(row, "telefono")] for row in contacts}
        assert {row["id"]: row["pais"] for row in contacts} == recount.countries
    await _compare(client, recount, found)


async def _compare(client: Client, recount: Recount, found: dict[Value, Columns]) -> None:
    counters = await client.execute("SELECT nombre, dimension, clave, valor FROM whatsapp_contadores")
    assert {row.astuple()[:3]: row["valor"] for row in counters} == recount.counters
    durations = await client.execute("SELECT nombre, limite, total FROM whatsapp_duraciones WHERE total > 0")
    assert {row.astuple()[:2]: row["total"] for row in durations} == recount.durations
    sums = await client.execute(
        "SELECT nombre, round(1000 * sum(suma)) AS suma FROM whatsapp_duraciones GROUP BY nombre"
    )
    assert {rows.text(row, "nombre"): row["suma"] for row in sums} == recount.seconds

    states = Counter((row["empresa_id"], row["estado"]) for row in found.values())
    assert await _kept(client, "whatsapp_conteo_estados", "empresa_id, estado") == states
    minutes = Counter((str(row["enviada_at"])[:16],) for row in found.values() if row["estado"] == "ENVIADA")
    assert await _kept(client, "whatsapp_enviadas_minuto", "minuto") == minutes
    hours = Counter((moment[:13],) for moment in recount.last_sent.values())
    assert await _kept(client, "whatsapp_destinatarios_hora", "hora") == hours
    for name in ("total", "enviadas", "entregadas", "leidas", "errores"):
        kept = await client.execute(f"SELECT sum({name}) FROM whatsapp_metricas_diarias")  # noqa: S608
        assert kept[0][0] == recount.days[name]


async def _kept(client: Client, table: str, key: str) -> dict[tuple[Value, ...], Value]:
    result = await client.execute(f"SELECT {key}, total FROM {table} WHERE total <> 0")  # noqa: S608
    return {row.astuple()[:-1]: row["total"] for row in result}


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _integer(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _differ(one: Value, other: Value) -> bool:
    """Whether both are known, and each by itself: what is only implied is the same moment."""
    return one is not None and other is not None and one != other
