"""The diagnosis in words, in the manual's eight sections."""

from collections.abc import Iterator
from functools import partial
from zoneinfo import ZoneInfo

import orjson

from whatsapp_service.ops.diagnosis import Diagnosis
from whatsapp_service.ops.pause_text import describe_pause
from whatsapp_service.ops.texts import Texts

_GIB = 2**30


def render_diagnosis(diagnosis: Diagnosis, zone: ZoneInfo, texts: Texts) -> str:
    """The whole diagnosis as plain text that ends in a newline."""
    sections = (
        ("section_health", _health),
        ("section_pending", _pending),
        ("section_errors", _errors),
        ("section_metrics", _metrics),
        ("section_scheduler", partial(_scheduler, zone)),
        ("section_disk", _disk),
        ("section_memory", _memory),
        ("section_processes", _processes),
    )
    lines = [
        texts("diagnosis_title"),
        texts("diagnosis_date", date=diagnosis.taken_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")),
        texts("diagnosis_severity", severity=diagnosis.severity.value),
        *(texts("diagnosis_reason", reason=reason) for reason in diagnosis.reasons),
    ]
    for title, section in sections:
        lines += ["", texts(title), *section(diagnosis, texts)]
    return "\n".join(lines) + "\n"


def _health(diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    if diagnosis.health.status is None:
        yield texts("health_unreachable", detail=diagnosis.health.problem)
    else:
        yield orjson.dumps(diagnosis.health.document, option=orjson.OPT_INDENT_2).decode()


def _no_database(diagnosis: Diagnosis, texts: Texts) -> str:
    return texts("no_data", detail=diagnosis.database_problem)


def _pending(diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    if diagnosis.database is None:
        yield _no_database(diagnosis, texts)
        return
    yield texts("pending_due", count=diagnosis.database.due)
    yield texts("pending_scheduled", count=diagnosis.database.scheduled)


def _errors(diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    if diagnosis.database is None:
        yield _no_database(diagnosis, texts)
        return
    for error in diagnosis.database.recent_errors:
        code = "" if error.code is None else f"({error.code}) "
        yield f"{error.created_at} - {code}{error.message}"
    if not diagnosis.database.recent_errors:
        yield texts("report_none")


def _metrics(diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    if diagnosis.database is None:
        yield _no_database(diagnosis, texts)
        return
    yield texts("success_rate", percent=diagnosis.database.success_rate_percentage)
    yield texts("error_rate", percent=diagnosis.database.error_rate_percentage)
    yield texts("total_notifications", count=diagnosis.database.total_today)


def _scheduler(zone: ZoneInfo, diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    if diagnosis.database is None:
        yield _no_database(diagnosis, texts)
        return
    yield texts(
        "scheduler_line",
        running=texts("yes" if diagnosis.database.scheduler_running else "no"),
        last=diagnosis.database.last_execution or texts("never"),
        next=diagnosis.database.next_execution or texts("unknown"),
    )
    for pause in diagnosis.database.pauses:
        yield describe_pause(pause, zone, texts)


def _disk(diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    for disk in diagnosis.disks:
        yield texts(
            "disk_line",
            path=disk.path,
            used_percent=disk.used_percent,
            free_gib=disk.free_bytes / _GIB,
            total_gib=disk.total_bytes / _GIB,
        )


def _memory(diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    memory = diagnosis.memory
    yield texts(
        "memory_line",
        total_mib=memory.total_kib / 1024,
        available_mib=memory.available_kib / 1024,
        used_percent=memory.used_percent,
    )


def _processes(diagnosis: Diagnosis, texts: Texts) -> Iterator[str]:
    for process in diagnosis.processes:
        yield texts("process_line", pid=process.pid, name=process.name, rss_mib=process.resident_kib / 1024)
    if not diagnosis.processes:
        yield texts("process_none")
