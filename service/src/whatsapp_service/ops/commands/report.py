"""``whatsapp-ops report``."""

import argparse
import asyncio
from pathlib import Path

from whatsapp_service.ops.atomic_file import write_atomically
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.daily_report import DailyReport, build_report, prune_reports, report_path
from whatsapp_service.ops.job import REPORT, JobOutcome, run_job
from whatsapp_service.ops.mail import send_mail
from whatsapp_service.ops.report_text import render_report


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """Write the report, and e-mail it when a server is set."""
    made: list[DailyReport] = []

    def body() -> JobOutcome:
        report = asyncio.run(_build(context, options.hours))
        made.append(report)
        return _deliver(context, options, report)

    run_job(context, REPORT, body)
    context.console.result(made[0])
    return 0


async def _build(context: OpsContext, hours: int) -> DailyReport:
    async with context.open_database(read_only=True) as client:
        return await build_report(
            client, context.settings.log_dir, until=context.now(), hours=hours, zone=context.zone
        )


def _deliver(context: OpsContext, options: argparse.Namespace, report: DailyReport) -> JobOutcome:
    """Write first, send then: a report that could not be sent is still on disk."""
    console, texts = context.console, context.texts
    if report.files == 0:
        console.warn(texts("report_no_logs"))
    text = render_report(report, texts)
    path = _write(context, options.output, report, text)
    if path is None:
        console.line(text.rstrip("\n"))
    else:
        console.line(texts("report_done", path=path))
    server = None if options.no_email else context.mail_server()
    if server is not None:
        subject = texts("report_subject", date=f"{report.until:%Y-%m-%d}")
        send_mail(server, subject, text, sent_at=report.until, tls=context.tls(), texts=texts)
        console.line(texts("report_mailed"))
    return JobOutcome(
        {
            "file": str(path) if path else None,
            "hours": report.hours,
            "log_files": report.files,
            "mailed": server is not None,
        }
    )


def _write(context: OpsContext, output: Path | None, report: DailyReport, text: str) -> Path | None:
    """The file of the report: `output`, or one in ``LOG_DIR/reports`` where old ones are deleted; or none."""
    if output is not None:
        write_atomically(output, text.encode(), mode=0o640)
        return output
    if context.settings.log_dir is None:
        return None
    directory = context.settings.log_dir / "reports"
    directory.mkdir(mode=0o750, exist_ok=True)
    path = report_path(directory, report.until)
    write_atomically(path, text.encode(), mode=0o640)
    prune_reports(directory, now=context.now())
    return path
