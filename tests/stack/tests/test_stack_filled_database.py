"""A database filled in bulk holds what the schema's triggers make of the same lives."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from pathlib import Path
from typing import Final

import pytest
from whatsapp_stack.bench.exporter.filled_database import fill, filled, migrated, require_space
from whatsapp_stack.bench.exporter.notification_rows import RECENT_DAYS, Rows, insert_surroundings
from whatsapp_stack.errors import StackError

_NOTIFICATIONS: Final = 10_000
_NOW: Final = 1_790_000_000.0

# (the time of the change, what it sets), for each notification; a change whose time is NULL did not happen.
_CHANGES: Final = (
    ("programada_para", "intentos = 1, envio_numero = 1 WHERE :intentos > 0"),
    ("programada_para", "intentos = :intentos, envio_numero = :envio_numero WHERE :intentos > 1"),
    (
        "enviada_at",
        "estado = 'ENVIADA', enviada_at = :enviada_at, whatsapp_message_id = :whatsapp_message_id",
    ),
    (
        "fallida_at",
        """estado = 'ERROR', fallida_at = :fallida_at, codigo_error = :codigo_error,
        clase_error = :clase_error""",
    ),
    (
        "entregada_at",
        """estado = 'ENTREGADA', entregada_at = :entregada_at, facturable = :facturable,
        cobro_categoria = :cobro_categoria, cobro_tipo = :cobro_tipo""",
    ),
    ("leida_at", "estado = 'LEIDA', leida_at = :leida_at"),
    (
        "updated_at",
        "estado = :estado, updated_at = :updated_at WHERE :estado IN ('CANCELADA', 'DESCONOCIDA')",
    ),
    ("updated_at", "updated_at = :updated_at"),
)


def _live(path: Path, lives: list[dict[str, object]]) -> None:
    """Insert the notifications as they came and change them as they were sent, triggers at work."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        insert_surroundings(connection)
        for life in lives:
            connection.execute(
                """INSERT INTO whatsapp_notificaciones (id, empresa_id, contacto_id, plantilla_id, evento,
                variables, programada_para, fecha_metrica, created_at, updated_at) VALUES (:id, :empresa_id,
                :contacto_id, :plantilla_id, :evento, :variables, :programada_para, :fecha_metrica,
                :created_at, :created_at)""",
                life,
            )
        changes = [
            (str(life[moment]), number, step)
            for number, life in enumerate(lives)
            for step, (moment, _) in enumerate(_CHANGES)
            if life[moment] is not None
        ]
        for _, number, step in sorted(changes, key=lambda change: (change[0], change[2], change[1])):
            text = _CHANGES[step][1]
            where = f"{text} AND" if "WHERE" in text else f"{text} WHERE"
            connection.execute(f"UPDATE whatsapp_notificaciones SET {where} id = :id", lives[number])  # noqa: S608
        # The cleanup takes these away.
        for table, column in (
            ("whatsapp_enviadas_minuto", "minuto"),
            ("whatsapp_destinatarios_hora", "hora"),
        ):
            connection.execute(
                f"DELETE FROM {table} WHERE {column} <"  # noqa: S608
                f" strftime('%Y-%m-%dT%H', {_NOW - RECENT_DAYS * 86_400}, 'unixepoch')"
            )
        connection.execute("COMMIT")


def _same(row: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Sums of seconds depend on the order of what is added."""
    return all(
        math.isclose(one, two, abs_tol=0.01)
        if isinstance(one, float) and isinstance(two, float)
        else one == two
        for one, two in zip(row, other, strict=True)
    )


def _tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table's rows in order, those that count nothing left out."""
    found = {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
        ).fetchall()
        for (name,) in names:
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            if name != "whatsapp_notificaciones":  # when the test made the row
                columns = [column for column in columns if column not in {"created_at", "updated_at"}]
            cursor = connection.execute(f'SELECT {", ".join(columns)} FROM "{name}"')  # noqa: S608
            counting = columns.index("total") if "total" in columns else None
            found[name] = sorted(
                (tuple(row) for row in cursor if counting is None or row[counting] != 0),
                key=repr,
            )
    return found


async def test_every_table_is_as_the_triggers_make_it(tmp_path: Path) -> None:
    bulk, lived = tmp_path / "bulk.db", tmp_path / "lived.db"
    await migrated(bulk)
    await migrated(lived)
    fill(bulk, Rows(_NOTIFICATIONS, _NOW))
    with contextlib.closing(sqlite3.connect(bulk)) as connection:
        connection.row_factory = sqlite3.Row
        lives = [dict(row) for row in connection.execute("SELECT * FROM whatsapp_notificaciones ORDER BY id")]
    _live(lived, lives)
    made, expected = _tables(bulk), _tables(lived)
    assert len(made["whatsapp_notificaciones"]) == _NOTIFICATIONS
    for told_by_others in ("whatsapp_tablas", "schema_migrations", "system_maintenance_log"):
        assert made.pop(told_by_others)
        del expected[told_by_others]
    assert made.keys() == expected.keys()
    for name, rows in made.items():
        assert len(rows) == len(expected[name]), name
        different = [pair for pair in zip(rows, expected[name], strict=True) if not _same(*pair)]
        assert not different, (name, len(different), different[:3])


async def test_schema_is_whole_and_the_backlog_the_same(tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    await migrated(empty)
    found = {}
    for count in (5_000, 6_000):
        path = await filled(tmp_path, count)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            found[count] = connection.execute(
                """SELECT count(*), sum(programada_para <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
                FROM whatsapp_notificaciones WHERE estado = 'PENDIENTE'"""
            ).fetchone()
            parts = (
                "SELECT type, name, sql FROM sqlite_master WHERE tbl_name NOT GLOB 'sqlite_*' ORDER BY 1, 2"
            )
            schema = connection.execute(parts).fetchall()
            (countries,) = connection.execute(
                "SELECT count(DISTINCT pais) FROM whatsapp_contactos"
            ).fetchone()
        with contextlib.closing(sqlite3.connect(empty)) as connection:
            assert schema == connection.execute(parts).fetchall()
        assert countries >= 5
    assert found == {5_000: (2_500, 500), 6_000: (2_500, 500)}
    moment = path.stat().st_mtime_ns
    assert (await filled(tmp_path, 6_000)).stat().st_mtime_ns == moment, "made again though it is there"


def test_a_small_disk_is_told_before_anything_is_made(tmp_path: Path) -> None:
    require_space(tmp_path, 10_000, 2**30)
    with pytest.raises(StackError, match=r"10,000,000 notifications need 5\.7 GiB in .* 1\.0 GiB are free"):
        require_space(tmp_path, 10_000_000, 2**30)
