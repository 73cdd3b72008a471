"""``whatsapp-ops cleanup`` and ``whatsapp-ops reindex``."""

import argparse
import asyncio

from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.disk_usage import DiskUsage, disk_usage
from whatsapp_service.ops.free_pages import release_free_pages
from whatsapp_service.ops.job import CLEANUP, REINDEX, JobOutcome, run_job
from whatsapp_service.ops.planner_statistics import refresh_statistics
from whatsapp_service.ops.reindex import reindex
from whatsapp_service.ops.retention import Retention, clean_up
from whatsapp_service.ops.table_sizes import measure_tables


def run_cleanup(context: OpsContext, _options: argparse.Namespace) -> int:
    """Check the disks, delete what has expired, and measure the tables."""
    console, texts = context.console, context.texts
    started = context.monotonic()
    outcome = run_job(context, CLEANUP, lambda: _cleanup(context))
    console.line(texts("cleanup_done", seconds=context.monotonic() - started))
    console.result(outcome.details)
    return 0


def run_reindex(context: OpsContext, _options: argparse.Namespace) -> int:
    """Rebuild the indexes, check integrity, and measure the tables."""
    console, texts = context.console, context.texts
    started = context.monotonic()
    outcome = run_job(context, REINDEX, lambda: _reindex(context))
    console.line(texts("reindex_done", seconds=context.monotonic() - started))
    console.result(outcome.details)
    return 0


def _cleanup(context: OpsContext) -> JobOutcome:
    console, texts = context.console, context.texts
    disks = disk_usage(context.written_directories())
    for disk in disks:
        _tell_disk(context, disk)
    deleted = asyncio.run(_clean_up(context))
    for table, count in deleted.items():
        console.line(texts("cleanup_line", table=table, count=count))
    # A database on a server has nothing for us to give back.
    pages = release_free_pages(context.database_file()) if context.has_database_file else 0
    console.line(texts("cleanup_pages", count=pages))
    return JobOutcome(
        {
            "deleted": deleted,
            "pages_released": pages,
            "disk_used_percentage": {disk.path: round(disk.used_percent, 1) for disk in disks},
        }
    )


def _tell_disk(context: OpsContext, disk: DiskUsage) -> None:
    percent = round(disk.used_percent)
    if disk.nearly_full:
        context.console.warn(context.texts("disk_nearly_full", percent=percent, path=disk.path))
    else:
        context.console.line(context.texts("disk_ok", percent=percent, path=disk.path))


async def _clean_up(context: OpsContext) -> dict[str, int]:
    settings = context.settings
    retention = Retention(
        notifications=settings.retention_notifications_days,
        history=settings.retention_history_days,
        metrics=settings.retention_metrics_days,
        events=settings.retention_events_days,
    )
    async with context.open_database() as client:
        deleted = await clean_up(client, retention, now=context.now, zone=context.zone)
        await refresh_statistics(client)
        await measure_tables(client, context.now)
    return deleted


def _reindex(context: OpsContext) -> JobOutcome:
    indexes = asyncio.run(_rebuild(context))
    for name in indexes:
        context.console.line(context.texts("reindex_index", name=name))
    return JobOutcome({"indexes": list(indexes), "integrity": "ok"})


async def _rebuild(context: OpsContext) -> tuple[str, ...]:
    async with context.open_database() as client:
        rebuilt = await reindex(client, context)
        await measure_tables(client, context.now)
    return rebuilt
