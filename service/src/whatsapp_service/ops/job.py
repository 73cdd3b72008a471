"""Running a job: one at a time, its outcome recorded in the database and for Prometheus, well or not."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from libsql_client import LibsqlError
from whatsapp_database import TransientDatabaseError

from whatsapp_service.json_logging import log_event
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.errors import OperationError, PermanentError, TransientError, UsageError
from whatsapp_service.ops.job_lock import JobBusyError, all_job_locks, job_lock
from whatsapp_service.ops.job_metrics import JobRun, write_job_metrics
from whatsapp_service.ops.maintenance_log import MaintenanceRecord, write_record
from whatsapp_service.ops.texts import Texts
from whatsapp_service.settings import SettingsError

logger = logging.getLogger("whatsapp.ops")


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its name in locks and metrics, and its `operation` in ``system_maintenance_log``.

    An `exclusive` job runs beside no other; one without `metrics` is for people and leaves none.
    """

    name: str
    operation: str
    exclusive: bool = False
    metrics: bool = True


BACKUP = Job("backup", "BACKUP")
CLEANUP = Job("cleanup", "DATA_CLEANUP")
REINDEX = Job("reindex", "REINDEX")
REPORT = Job("report", "DAILY_REPORT")
RESTORE = Job("restore", "RESTORE", exclusive=True, metrics=False)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What a job did: `details` for the maintenance log (JSON), `gauges` for its metrics file."""

    details: Mapping[str, object] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)


def run_job(context: OpsContext, job: Job, body: Callable[[], JobOutcome]) -> JobOutcome:
    """Run `body` under the job's lock and record how it went, also when it fails or is interrupted.

    What cannot be recorded is a warning: it must not turn a good backup into a failed one.

    Raises:
        JobBusyError: the job is running already; nothing is recorded, the other run does that.
        OperationError: the job failed.
    """
    started = context.monotonic()
    outcome, failure, busy = None, context.texts("interrupted"), False
    with ExitStack() as held:
        try:
            directory = context.lock_directory()
            lock = all_job_locks if job.exclusive else job_lock
            held.enter_context(lock(directory, job.name, context.texts))
            outcome = body()
        except JobBusyError:
            busy = True
            raise
        except (OperationError, SettingsError, LibsqlError, sqlite3.Error, OSError) as error:
            told = operation_error(error, context.texts)
            failure = str(told)
            raise told from error
        finally:
            if not busy:
                _record(context, job, outcome, failure, context.monotonic() - started)
    return outcome


def operation_error(
    error: OperationError | SettingsError | LibsqlError | sqlite3.Error | OSError, texts: Texts
) -> OperationError:
    """The same error in one line for the operator."""
    if isinstance(error, OperationError):
        return error
    if isinstance(error, SettingsError):
        return UsageError(texts("setting_invalid", detail=error))
    if isinstance(error, LibsqlError):
        kind = TransientError if isinstance(error, TransientDatabaseError) else PermanentError
        return kind(texts("database_error", detail=error.explanation))
    if isinstance(error, sqlite3.Error):
        return PermanentError(texts("database_error", detail=error))
    return TransientError(texts("system_error", detail=error))


def _record(context: OpsContext, job: Job, outcome: JobOutcome | None, failure: str, duration: float) -> None:
    succeeded = outcome is not None
    details: dict[str, object] = {"error": failure} if outcome is None else dict(outcome.details)
    if context.console.warnings:
        details["warnings"] = list(context.console.warnings)
    log_event(
        logger,
        logging.INFO if succeeded else logging.ERROR,
        f"{job.operation} completed" if succeeded else f"{job.operation} failed",
        tags=("maintenance", job.name),
        job_duration_ms=round(duration * 1000),
        **({} if succeeded else {"error": failure}),
    )
    directory = context.settings.textfile_dir
    if job.metrics and directory is not None:
        run = JobRun(
            job.name, succeeded, context.now().timestamp(), duration, outcome.gauges if outcome else {}
        )
        try:
            write_job_metrics(directory, run)
        except OSError as error:
            context.console.warn(context.texts("metrics_not_written", detail=error.strerror))
    try:
        record = MaintenanceRecord(job.operation, context.now(), succeeded, duration, details)
        asyncio.run(_write_maintenance_log(context, record))
    except (OperationError, LibsqlError, OSError) as error:
        detail = operation_error(error, context.texts)
        context.console.warn(context.texts("log_not_written", detail=detail))


async def _write_maintenance_log(context: OpsContext, record: MaintenanceRecord) -> None:
    async with context.open_database() as client:
        await write_record(client, record)
