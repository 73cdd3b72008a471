"""The command line of ``whatsapp-ops`` (docs/commands.md)."""

import argparse
from collections.abc import Callable
from pathlib import Path

from whatsapp_service.ops.backup_archive import TIMESTAMP_PATTERN
from whatsapp_service.ops.commands import (
    backup,
    data_import,
    diagnosis,
    maintenance,
    migration,
    report,
    restore,
    webhook,
)
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.texts import Texts

Command = Callable[[OpsContext, argparse.Namespace], int]


def build_parser(texts: Texts) -> argparse.ArgumentParser:
    """The parser; every subcommand sets `command` to the function that runs it."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help=texts("help_json"))

    parser = argparse.ArgumentParser(prog="whatsapp-ops", description=texts("help_program"))
    parser.add_argument("--env-file", type=Path, metavar="FILE", help=texts("help_env_file"))
    subcommands = parser.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")

    def add(name: str, command: Command) -> argparse.ArgumentParser:
        key = f"help_{name.replace('-', '_')}"
        added = subcommands.add_parser(name, help=texts(key), description=texts(key), parents=[common])
        added.set_defaults(command=command)
        return added

    add("migrate", migration.run)

    importing = add("import", data_import.run)
    importing.add_argument("file", type=Path, metavar="FILE", help=texts("help_import_file"))
    importing.add_argument("--region", type=_region, help=texts("help_import_region"))

    add("backup", backup.run)
    add("backups", backup.run_list)

    restoring = add("restore", restore.run)
    which = restoring.add_mutually_exclusive_group()
    which.add_argument(
        "timestamp", nargs="?", type=_timestamp, metavar="TIMESTAMP", help=texts("help_restore_timestamp")
    )
    which.add_argument("--latest", action="store_true", help=texts("help_restore_latest"))
    restoring.add_argument("--yes", action="store_true", help=texts("help_restore_yes"))

    add("cleanup", maintenance.run_cleanup)
    add("reindex", maintenance.run_reindex)

    reporting = add("report", report.run)
    reporting.add_argument("--hours", type=_hours, default=24, help=texts("help_report_hours"))
    reporting.add_argument("--output", type=Path, metavar="FILE", help=texts("help_report_output"))
    reporting.add_argument("--no-email", action="store_true", help=texts("help_report_no_email"))

    diagnosing = add("diagnose", diagnosis.run)
    diagnosing.add_argument("--api-url", metavar="URL", help=texts("help_diagnose_url"))
    diagnosing.add_argument("--output", type=Path, metavar="FILE", help=texts("help_diagnose_output"))
    diagnosing.add_argument("--send", action="store_true", help=texts("help_diagnose_send"))

    trying = add("webhook-test", webhook.run)
    trying.add_argument("url", metavar="URL", help=texts("help_webhook_url"))
    return parser


def _timestamp(text: str) -> str:
    if TIMESTAMP_PATTERN.fullmatch(text) is None:
        raise argparse.ArgumentTypeError("YYYYMMDD_HHMMSS")
    return text


def _hours(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 168:
        raise argparse.ArgumentTypeError("1..168")
    return int(text)


def _region(text: str) -> str:
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise argparse.ArgumentTypeError("PE, MX, ...")
    return text.upper()
