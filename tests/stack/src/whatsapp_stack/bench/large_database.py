"""A database with a million notifications, made once for each schema and kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.progress import tell
from whatsapp_stack.fixture import Fixture

NOTIFICATIONS: Final = 1_000_000
_RECIPE: Final = "1"
"""Changed whenever the rows below are: a kept database of an older recipe is not used."""
_DAYS: Final = 90
_DUE: Final = 300
_SCHEDULED: Final = 5_000
_SHARES: Final = {
    "LEIDA": 0.66,
    "ENTREGADA": 0.27,
    "ENVIADA": 0.02,
    "ERROR": 0.04,
    "CANCELADA": 0.007,
    "DESCONOCIDA": 0.003,
}
_INSERT: Final = """INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento,
    variables, estado, intentos, whatsapp_message_id, programada_para, fecha_metrica, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def fill(path: Path, fixture: Fixture, kept: Path, count: int = NOTIFICATIONS) -> None:
    """Put `count` notifications into the database at `path`, from `kept` when it has one of this schema.

    They are inserted with the schema's triggers, spread over 90 days, most of them finished.
    """
    ready = kept / f"notifications-{_key(path, fixture, count)}.db"
    if not ready.exists():
        kept.mkdir(parents=True, exist_ok=True)
        for older in kept.glob("notifications-*.db*"):
            older.unlink()
        tell(f"making a database of {count:,} notifications, once for this schema")
        began = time.monotonic()
        unfinished = ready.with_suffix(".db-unfinished")
        _copy(path, unfinished)
        _insert(unfinished, fixture, count)
        unfinished.rename(ready)
        tell(f"made in {time.monotonic() - began:.0f} s, {ready.stat().st_size / 2**20:,.0f} MiB")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(ready, path)


def _key(path: Path, fixture: Fixture, count: int) -> str:
    """A checksum of the schema and of what the rows are made of."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        query = """SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
            ORDER BY type, name"""
        schema = [row[0] for row in connection.execute(query)]
    text = json.dumps([_RECIPE, count, repr(fixture), schema])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source)) as reader,
        contextlib.closing(sqlite3.connect(target)) as writer,
    ):
        reader.backup(writer)


def _insert(path: Path, fixture: Fixture, count: int) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # The file is nobody's until it is renamed: no journal is needed while it is made.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        connection.execute("BEGIN")
        connection.executemany(_INSERT, _rows(fixture, count))
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA journal_mode = WAL")


def _rows(fixture: Fixture, count: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(1)  # noqa: S311 - the same rows every time, nothing secret
    now = datetime.now(UTC)
    variables = json.dumps(fixture.variables)
    states, weights = list(_SHARES), list(_SHARES.values())
    for number in range(count):
        created = now - timedelta(days=_DAYS) * (1 - number / count)
        left = count - number
        due = created
        if left <= _DUE:
            estado = "PENDIENTE"
        elif left <= _DUE + _SCHEDULED:
            estado, due = "PENDIENTE", now + timedelta(days=30)
        else:
            estado = chance.choices(states, weights)[0]
        sent = estado in {"LEIDA", "ENTREGADA", "ENVIADA"}
        recipient = fixture.recipient(number)
        moment = _text(created)
        yield (
            *(
                recipient.empresa_id,
                recipient.contacto_id,
                fixture.plantilla_id,
                fixture.evento,
                variables,
                estado,
            ),
            *(int(estado not in {"PENDIENTE", "CANCELADA"}), f"wamid.{number:040x}" if sent else None),
            *(_text(due), _day(created), moment, moment),
        )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day(moment: datetime) -> str:
    day: date = moment.date()
    return day.isoformat()
