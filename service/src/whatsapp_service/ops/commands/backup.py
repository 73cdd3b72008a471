"""``whatsapp-ops backup`` and ``whatsapp-ops backups``."""

import argparse
from dataclasses import asdict
from datetime import timedelta

from whatsapp_service.ops.backup import make_backup
from whatsapp_service.ops.backup_archive import BackupEntry, Manifest
from whatsapp_service.ops.context import OpsContext, secret_value
from whatsapp_service.ops.database_swap import prune_safety_copies
from whatsapp_service.ops.errors import OperationError
from whatsapp_service.ops.job import BACKUP, JobOutcome, run_job
from whatsapp_service.ops.job_lock import JobBusyError
from whatsapp_service.ops.job_metrics import BACKUP_SIZE
from whatsapp_service.ops.slack import send_slack_message


def run(context: OpsContext, _options: argparse.Namespace) -> int:
    """Make a verified backup, delete the expired ones, and tell Slack how it went."""
    console, texts = context.console, context.texts
    started = context.monotonic()
    made: list[Manifest] = []
    pruned: list[str] = []

    def body() -> JobOutcome:
        manifest, removed = _backup_and_prune(context)
        made.append(manifest)
        pruned.extend(removed)
        details = {
            "file": manifest.file,
            "size_bytes": manifest.size_bytes,
            "rows": manifest.total_rows,
            "schema_version": manifest.schema_version,
            "deleted": removed,
        }
        return JobOutcome(details, {BACKUP_SIZE: float(manifest.size_bytes)})

    try:
        run_job(context, BACKUP, body)
    except JobBusyError:
        raise
    except OperationError as error:
        _tell_slack(context, "backup_slack_failed", str(error))
        raise
    manifest = made[0]
    path = context.archive().data_path(manifest.timestamp)
    _tell_slack(context, "backup_slack_ok", f"{path} ({manifest.size_bytes} bytes)")
    console.line(
        texts(
            "backup_done",
            path=path,
            size=manifest.size_bytes,
            rows=manifest.total_rows,
            seconds=context.monotonic() - started,
        )
    )
    console.line(texts("backup_pruned", count=len(pruned)))
    console.result({"path": str(path), "manifest": asdict(manifest), "deleted": pruned})
    return 0


def run_list(context: OpsContext, _options: argparse.Namespace) -> int:
    """List the backups, newest first."""
    console, texts, archive = context.console, context.texts, context.archive()
    entries = archive.entries()
    console.result({"directory": str(archive.directory), "backups": [_listed(entry) for entry in entries]})
    if not entries:
        console.line(texts("backups_none", path=archive.directory))
        return 0
    console.line(texts("backups_header"))
    for entry in entries:
        manifest = entry.manifest
        console.line(
            texts(
                "backups_line",
                timestamp=entry.timestamp,
                created_at=manifest.created_at if manifest else "-" * 24,
                size=manifest.size_bytes if manifest else 0,
                rows=manifest.total_rows if manifest else 0,
                schema=manifest.schema_version if manifest else 0,
                state=texts("backup_state_complete" if manifest else "backup_state_incomplete"),
            )
        )
    return 0


def _backup_and_prune(context: OpsContext) -> tuple[Manifest, list[str]]:
    database, archive = context.database_file(), context.archive()
    manifest = make_backup(database, archive, now=context.now, texts=context.texts)
    keep = timedelta(days=context.settings.backup_retention_days)
    now = context.now()
    try:
        deleted = archive.prune(now=now, keep=keep)
        deleted += prune_safety_copies(database, now=now, keep=keep, zone=context.zone)
    except OSError as error:
        # The backup is made and good; that an old one stays is no reason to call it failed.
        context.console.warn(context.texts("backup_not_pruned", detail=error))
        deleted = []
    return manifest, deleted


def _listed(entry: BackupEntry) -> dict[str, object]:
    document: dict[str, object] = {
        "timestamp": entry.timestamp,
        "path": str(entry.data),
        "complete": entry.manifest is not None,
    }
    if entry.manifest is not None:
        document["manifest"] = asdict(entry.manifest)
    return document


def _tell_slack(context: OpsContext, status: str, details: str) -> None:
    """The manual's message; a channel that cannot be reached is a warning, not a failed backup."""
    url = secret_value(context.settings.slack_webhook_url)
    if url is None:
        return
    try:
        message = f"{context.texts(status)}: Database Backup\n{details}"
        send_slack_message(url, message, tls=context.tls(), texts=context.texts)
    except OperationError as error:
        context.console.warn(str(error))
