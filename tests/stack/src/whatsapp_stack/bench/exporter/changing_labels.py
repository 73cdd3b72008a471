"""A small database in which companies, templates and errors come and go, a bounded number at a time."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path
from typing import Final

from whatsapp_stack.bench.exporter.notification_rows import COMPANIES, TEMPLATES

_COMPANIES_EVER: Final = 2 * COMPANIES
_TEMPLATES_EVER: Final = 2 * TEMPLATES
_CODES_EVER: Final = 40
_CODES: Final = 12
_COMPANIES_AT_ONCE: Final = 4
_COUNTED: Final = ("accepted", "sent", "delivered", "read", "failed")


class ChangingLabels:
    """Each `change` lets some appear and as many vanish; the same choice every time it is made anew."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._chance = random.Random(1)  # noqa: S311 - the same changes every time, nothing secret
        self._companies = list(range(1, COMPANIES + 1))
        self._templates = list(range(1, TEMPLATES + 1))
        self._codes = list(range(_CODES))

    def change(self) -> None:
        """Commit the next change."""
        with contextlib.closing(sqlite3.connect(self._database, timeout=30)) as connection, connection:
            for _ in range(_COMPANIES_AT_ONCE):
                self._company(connection, *self._turn(self._companies, range(1, _COMPANIES_EVER + 1)))
            self._template(connection, *self._turn(self._templates, range(1, _TEMPLATES_EVER + 1)))
            gone, new = self._turn(self._codes, range(_CODES_EVER))
            self._count(connection, "error", f"recipient/{132_000 + gone}", f"recipient/{132_000 + new}")

    def _turn(self, present: list[int], ever: range) -> tuple[int, int]:
        """The one that vanishes and the one that appears."""
        new = self._chance.choice(sorted(set(ever) - set(present)))
        place = self._chance.randrange(len(present))
        gone, present[place] = present[place], new
        return gone, new

    def _company(self, connection: sqlite3.Connection, gone: int, new: int) -> None:
        connection.execute("DELETE FROM whatsapp_configuracion_horarios WHERE empresa_id = ?", (gone,))
        connection.execute("DELETE FROM whatsapp_conteo_estados WHERE empresa_id = ?", (gone,))
        connection.execute(
            "INSERT INTO whatsapp_configuracion_horarios (empresa_id, empresa_nombre) VALUES (?, ?)",
            (new, f"Constructora {new}"),
        )
        connection.execute(
            "INSERT INTO whatsapp_conteo_estados (empresa_id, estado, total) VALUES (?, 'LEIDA', ?)",
            (new, self._chance.randrange(1_000)),
        )
        self._count(connection, "empresa", str(gone), str(new))

    def _template(self, connection: sqlite3.Connection, gone: int, new: int) -> None:
        connection.execute("DELETE FROM whatsapp_plantillas_mensajes WHERE id = ?", (gone,))
        connection.execute(
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, idioma, cuerpo)
            VALUES (?, 'EVENTO', ?, 'es_PE', 'Hola')""",
            (new, f"plantilla_{new}"),
        )
        self._count(connection, "plantilla", str(gone), str(new))

    def _count(self, connection: sqlite3.Connection, dimension: str, gone: str, new: str) -> None:
        connection.execute(
            "DELETE FROM whatsapp_contadores WHERE dimension = ? AND clave IN (?, ?)", (dimension, gone, new)
        )
        names = ("failed",) if dimension == "error" else _COUNTED
        connection.executemany(
            "INSERT INTO whatsapp_contadores (nombre, dimension, clave, valor) VALUES (?, ?, ?, ?)",
            ((name, dimension, new, self._chance.randrange(1, 1_000)) for name in names),
        )
