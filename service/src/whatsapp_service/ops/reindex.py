"""Rebuilding the indexes (manual: "Reindexado Automático")."""

from libsql_client import Client
from whatsapp_database import rows

from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.retention import ANALYSIS_LIMIT
from whatsapp_service.ops.texts import Texts

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

_INTEGRITY_MESSAGES = 5


async def reindex(client: Client, texts: Texts) -> tuple[str, ...]:
    """Rebuild the five indexes, one transaction each, refresh statistics and check integrity.

    Returns the rebuilt indexes.

    Raises:
        PermanentError: an index is missing (the others are rebuilt first), or the database is damaged.
        DatabaseError: the database cannot be used.
    """
    found = await client.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    present = {rows.text(row, "name") for row in found.rows}
    rebuilt = tuple(name for name in INDEXES if name in present)
    for name in rebuilt:
        await client.execute(f"REINDEX {name}")
    await client.execute(f"PRAGMA analysis_limit = {ANALYSIS_LIMIT}")
    for table in ANALYZED_TABLES:
        await client.execute(f"ANALYZE {table}")
    checked = await client.execute(f"PRAGMA integrity_check({_INTEGRITY_MESSAGES})")
    problems = [rows.text(row, "integrity_check") for row in checked.rows]
    if problems != ["ok"]:
        raise PermanentError(texts("reindex_damaged", detail=problems[0] if problems else "?"))
    if len(rebuilt) < len(INDEXES):
        missing = ", ".join(name for name in INDEXES if name not in present)
        raise PermanentError(texts("reindex_missing", names=missing))
    return rebuilt
