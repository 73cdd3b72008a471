"""Looking for damage in the whole database, and keeping the result for whoever watches."""

from libsql_client import Client, LibsqlError
from whatsapp_database import DatabaseError, rows

from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.maintenance_log import MaintenanceRecord, write_record

OPERATION = "INTEGRITY_CHECK"
"""`operation` of its row in ``system_maintenance_log``."""

_MESSAGES = 5
_DAMAGE_CODES = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


async def check_integrity(client: Client, context: OpsContext) -> str | None:
    """The first problem that ``integrity_check`` finds, None in a sound database.

    It names tables, indexes, rows by number and pages, never a value. A result that cannot be recorded is a
    warning.

    Raises:
        DatabaseError: the database cannot be read, for a reason that is no damage.
    """
    started = context.monotonic()
    problem: str | None
    try:
        checked = await client.execute(f"PRAGMA integrity_check({_MESSAGES})")
        lines = [rows.text(row, "integrity_check") for row in checked.rows]
        problem = None if lines == ["ok"] else " ".join("".join(lines[:1]).split())
    except DatabaseError as error:
        if not is_damage(error):
            raise
        problem = error.explanation
    record = MaintenanceRecord(
        OPERATION,
        context.now(),
        succeeded=problem is None,
        duration=context.monotonic() - started,
        details={} if problem is None else {"problem": problem},
    )
    try:
        await write_record(client, record)
    except LibsqlError as error:
        context.console.warn(context.texts("log_not_written", detail=error.explanation))
    return problem


def is_damage(error: DatabaseError) -> bool:
    """Whether the file itself is at fault."""
    return error.code.startswith(_DAMAGE_CODES)
