"""Message templates (`whatsapp_plantillas_mensajes`), read through the cache."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from libsql_client import Client, Row
from whatsapp_database import rows

from whatsapp_service.cache import Cache

_KEY: Final = "templates:v2"


@dataclass(frozen=True, slots=True)
class Template:
    """One template; `variables` are the names of {{1}}, {{2}}, ... in order.

    The `meta_*` are what Meta's webhooks last told of it, at `meta_at`: its state (APPROVED, PAUSED, ...),
    quality, category, and the reason of the state.
    """

    id: int
    evento: str
    nombre: str
    idioma: str
    categoria: str
    cuerpo: str
    variables: tuple[str, ...]
    activo: bool
    updated_at: str
    meta_estado: str | None
    meta_calidad: str | None
    meta_categoria: str | None
    meta_motivo: str | None
    meta_at: str | None


async def list_templates(client: Client, cache: Cache) -> list[Template]:
    """All templates by id, at most CACHE_TTL seconds old."""
    cached = await cache.get(_KEY)
    if cached is not None:
        return [_from_json(item) for item in orjson.loads(cached)]
    result = await client.execute("SELECT * FROM whatsapp_plantillas_mensajes ORDER BY id LIMIT 1000")
    templates = [from_row(row) for row in result]
    await cache.put(_KEY, orjson.dumps([asdict(template) for template in templates]))
    return templates


async def forget_templates(cache: Cache) -> None:
    """To be called when a template was changed, so that the next list shows it."""
    await cache.delete(_KEY)


def from_row(row: Row) -> Template:
    """The template of a row of its table."""
    return Template(
        id=rows.integer(row, "id"),
        evento=rows.text(row, "evento"),
        nombre=rows.text(row, "nombre"),
        idioma=rows.text(row, "idioma"),
        categoria=rows.text(row, "categoria"),
        cuerpo=rows.text(row, "cuerpo"),
        variables=variable_names(rows.text(row, "variables")),
        activo=rows.integer(row, "activo") == 1,
        updated_at=rows.text(row, "updated_at"),
        meta_estado=rows.optional_text(row, "meta_estado"),
        meta_calidad=rows.optional_text(row, "meta_calidad"),
        meta_categoria=rows.optional_text(row, "meta_categoria"),
        meta_motivo=rows.optional_text(row, "meta_motivo"),
        meta_at=rows.optional_text(row, "meta_at"),
    )


def variable_names(text: str) -> tuple[str, ...]:
    """The names in a `variables` column; anything but a JSON list counts as none."""
    parsed = orjson.loads(text)
    return tuple(str(name) for name in parsed) if isinstance(parsed, list) else ()


def _from_json(item: dict[str, Any]) -> Template:
    return Template(**{**item, "variables": tuple(item["variables"])})
