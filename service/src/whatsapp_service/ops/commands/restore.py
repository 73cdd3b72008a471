"""``whatsapp-ops restore``."""

import argparse

from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.errors import UsageError
from whatsapp_service.ops.job import RESTORE, JobOutcome, run_job
from whatsapp_service.ops.restore import MAIN_TABLES, RestoreResult, restore_backup


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """Restore the chosen backup, once it is confirmed."""
    console, texts = context.console, context.texts
    if options.timestamp is None and not options.latest:
        raise UsageError(texts("restore_needs_choice"))
    if not options.yes:
        raise UsageError(texts("restore_needs_yes"))
    restored: list[RestoreResult] = []

    def body() -> JobOutcome:
        result = restore_backup(
            context.database_file(), context.archive(), options.timestamp, now=context.now(), texts=texts
        )
        restored.append(result)
        return JobOutcome(_document(result))

    run_job(context, RESTORE, body)
    result = restored[0]
    for table in MAIN_TABLES:
        console.line(texts("restore_table", table=table, count=result.content.rows[table]))
    done = "restore_done" if result.safety else "restore_done_new"
    console.line(texts(done, name=result.entry.data.name, safety=result.safety))
    if result.content.schema_version < result.known_schema:
        console.line(texts("restore_migrate", found=result.content.schema_version, known=result.known_schema))
    if result.pending and result.entry.manifest:
        created_at = result.entry.manifest.created_at
        console.warn(texts("restore_pending", count=result.pending, created_at=created_at))
    if result.keys_revoked:
        console.line(texts("restore_keys_revoked", count=result.keys_revoked))
    if result.keys_revoked is None and result.content.rows.get("whatsapp_claves_api"):
        console.warn(texts("restore_keys_unknown"))
    console.result(_document(result))
    return 0


def _document(result: RestoreResult) -> dict[str, object]:
    return {
        "timestamp": result.entry.timestamp,
        "file": result.entry.data.name,
        "schema_version": result.content.schema_version,
        "rows": {table: result.content.rows[table] for table in MAIN_TABLES},
        "previous_database": str(result.safety) if result.safety else None,
        "pending_notifications": result.pending,
        "keys_revoked": result.keys_revoked,
    }
