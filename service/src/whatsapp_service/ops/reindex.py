"""Rebuilding the indexes (manual: "Reindexado Automático")."""

from libsql_client import Client
from whatsapp_database import DatabaseError, rows

from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.integrity import check_integrity, is_damage
from whatsapp_service.ops.planner_statistics import refresh_statistics

INDEXES = (
    "idx_whatsapp_notificaciones_envio_pendiente",
    "idx_whatsapp_notificaciones_valorizacion",
    "idx_whatsapp_notificaciones_estado",
    "idx_whatsapp_contactos_empresa",
    "idx_whatsapp_plantillas_evento",
)
ANALYZED_TABLES = (
    "whatsapp_notificaciones",
    "whatsapp_contactos",
    "whatsapp_plantillas_mensajes",
    "whatsapp_historial_notificaciones",
    "whatsapp_metricas_diarias",
)


async def reindex(client: Client, context: OpsContext) -> tuple[str, ...]:
    """Rebuild the five indexes, one transaction each, refresh statistics and check integrity.

    Returns the rebuilt indexes.

    Raises:
        PermanentError: an index is missing (the others are rebuilt first), or the database is damaged.
        DatabaseError: the database cannot be used.
    """
    try:
        rebuilt = await _rebuild(client)
    except DatabaseError as error:
        if not is_damage(error):
            raise
        problem = await check_integrity(client, context)
        raise PermanentError(context.texts("reindex_damaged", detail=problem or error.explanation)) from error
    problem = await check_integrity(client, context)
    if problem is not None:
        raise PermanentError(context.texts("reindex_damaged", detail=problem))
    missing = [name for name in INDEXES if name not in rebuilt]
    if missing:
        raise PermanentError(context.texts("reindex_missing", names=", ".join(missing)))
    return rebuilt


async def _rebuild(client: Client) -> tuple[str, ...]:
    """Rebuild those of the five that exist, and refresh statistics."""
    found = await client.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    present = {rows.text(row, "name") for row in found.rows}
    rebuilt = tuple(name for name in INDEXES if name in present)
    for name in rebuilt:
        await client.execute(f"REINDEX {name}")
    await refresh_statistics(client, ANALYZED_TABLES)
    return rebuilt
