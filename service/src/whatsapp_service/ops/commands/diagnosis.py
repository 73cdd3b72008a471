"""``whatsapp-ops diagnose``."""

import argparse
import asyncio
from dataclasses import asdict

from libsql_client import LibsqlError

from whatsapp_service.ops.atomic_file import write_atomically
from whatsapp_service.ops.context import OpsContext, secret_value
from whatsapp_service.ops.diagnosis import (
    DatabaseStatus,
    Diagnosis,
    Severity,
    diagnose,
    read_database_status,
    read_health,
)
from whatsapp_service.ops.diagnosis_text import render_diagnosis
from whatsapp_service.ops.errors import OperationError
from whatsapp_service.ops.job import operation_error
from whatsapp_service.ops.mail import send_mail
from whatsapp_service.ops.slack import send_slack_message

_EMOJI = {Severity.INFO: "ℹ️", Severity.WARNING: "⚠️", Severity.CRITICAL: "🚨"}  # noqa: RUF001 (the manual's sign)


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """Diagnose; whatever the severity, a diagnosis that could be made returns 0."""
    settings, console, texts = context.settings, context.console, context.texts
    api_url = options.api_url or f"http://{settings.api_host}:{settings.api_port}"
    database, problem = None, None
    try:
        database = asyncio.run(_read_database(context))
    except (OperationError, LibsqlError, OSError) as error:
        problem = str(operation_error(error, texts))
    diagnosis = diagnose(
        read_health(api_url, tls=context.tls()),
        database,
        problem,
        directories=context.written_directories(),
        now=context.now(),
        texts=texts,
    )
    text = render_diagnosis(diagnosis, context.zone, texts)
    console.line(text.rstrip("\n"))
    console.result(asdict(diagnosis))
    if options.output is not None:
        write_atomically(options.output, text.encode(), mode=0o640)
        console.line(texts("diagnosis_done", path=options.output))
    if options.send:
        _send(context, diagnosis, text)
    return 0


async def _read_database(context: OpsContext) -> DatabaseStatus:
    async with context.open_database(read_only=True) as client:
        return await read_database_status(client, now=context.now(), zone=context.zone)


def _send(context: OpsContext, diagnosis: Diagnosis, text: str) -> None:
    """By e-mail whole, to Slack in short, each where it is set."""
    texts, server = context.texts, context.mail_server()
    if server is not None:
        date = diagnosis.taken_at.astimezone(context.zone)
        subject = texts("diagnosis_subject", severity=diagnosis.severity.value, date=f"{date:%Y-%m-%d}")
        send_mail(server, subject, text, sent_at=date, tls=context.tls(), texts=texts)
    url = secret_value(context.settings.slack_webhook_url)
    if url is not None:
        title = texts("diagnosis_slack", emoji=_EMOJI[diagnosis.severity])
        message = "\n".join([f"{title}: {diagnosis.severity.value}", *diagnosis.reasons])
        send_slack_message(url, message, tls=context.tls(), texts=texts)
