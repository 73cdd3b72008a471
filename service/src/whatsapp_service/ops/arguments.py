"""The command line of ``whatsapp-ops`` (docs/commands.md)."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whatsapp_service.graph.errors import ErrorClass
from whatsapp_service.keys import SCOPES
from whatsapp_service.ops import argument_types as types
from whatsapp_service.ops.commands import (
    backup,
    cancel,
    contacts,
    data_import,
    diagnosis,
    events,
    keys,
    maintenance,
    migration,
    pause,
    report,
    requeue,
    restore,
    webhook,
)
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.texts import Texts

Command = Callable[[OpsContext, argparse.Namespace], int]


class _Commands:
    """Adds commands to one level of the command line; a text ``help_<name>`` describes each."""

    def __init__(
        self,
        subparsers: "argparse._SubParsersAction[Any]",
        texts: Texts,
        common: argparse.ArgumentParser,
        prefix: str = "",
    ) -> None:
        self._subparsers = subparsers
        self._texts = texts
        self._common = common
        self._prefix = prefix

    def add(self, name: str, command: Command) -> argparse.ArgumentParser:
        """A command, run by `command`."""
        added = self._parser(name, parents=[self._common])
        added.set_defaults(command=command)
        return added

    def group(self, name: str) -> "_Commands":
        """A command that has commands of its own."""
        below = self._parser(name, parents=[]).add_subparsers(
            dest=f"{name}_command", required=True, metavar="COMMAND"
        )
        return _Commands(below, self._texts, self._common, f"{name}_")

    def _parser(self, name: str, parents: list[argparse.ArgumentParser]) -> argparse.ArgumentParser:
        told = self._texts(f"help_{self._prefix}{name.replace('-', '_')}")
        parser: argparse.ArgumentParser = self._subparsers.add_parser(
            name, help=told, description=told, parents=parents
        )
        return parser


def build_parser(texts: Texts) -> argparse.ArgumentParser:
    """The parser; every subcommand sets `command` to the function that runs it."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help=texts("help_json"))

    parser = argparse.ArgumentParser(prog="whatsapp-ops", description=texts("help_program"))
    parser.add_argument("--env-file", type=Path, metavar="FILE", help=texts("help_env_file"))
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    commands = _Commands(subparsers, texts, common)
    _data_commands(commands, texts)
    _report_commands(commands, texts)
    _sending_commands(commands, texts)
    _key_commands(commands.group("keys"), texts)
    _contact_commands(commands.group("contacts"), texts)
    return parser


def _data_commands(commands: _Commands, texts: Texts) -> None:
    commands.add("migrate", migration.run)

    importing = commands.add("import", data_import.run)
    importing.add_argument("file", type=Path, metavar="FILE", help=texts("help_import_file"))
    importing.add_argument("--region", type=types.region, help=texts("help_import_region"))

    commands.add("backup", backup.run)
    commands.add("backups", backup.run_list)

    restoring = commands.add("restore", restore.run)
    which = restoring.add_mutually_exclusive_group()
    which.add_argument(
        "timestamp",
        nargs="?",
        type=types.backup_timestamp,
        metavar="TIMESTAMP",
        help=texts("help_restore_timestamp"),
    )
    which.add_argument("--latest", action="store_true", help=texts("help_restore_latest"))
    restoring.add_argument("--yes", action="store_true", help=texts("help_restore_yes"))

    commands.add("cleanup", maintenance.run_cleanup)
    commands.add("reindex", maintenance.run_reindex)


def _report_commands(commands: _Commands, texts: Texts) -> None:
    reporting = commands.add("report", report.run)
    reporting.add_argument("--hours", type=types.hours, default=24, help=texts("help_report_hours"))
    reporting.add_argument("--output", type=Path, metavar="FILE", help=texts("help_report_output"))
    reporting.add_argument("--no-email", action="store_true", help=texts("help_report_no_email"))

    diagnosing = commands.add("diagnose", diagnosis.run)
    diagnosing.add_argument("--api-url", metavar="URL", help=texts("help_diagnose_url"))
    diagnosing.add_argument("--output", type=Path, metavar="FILE", help=texts("help_diagnose_output"))
    diagnosing.add_argument("--send", action="store_true", help=texts("help_diagnose_send"))

    telling = commands.add("events", events.run)
    telling.add_argument("--field", help=texts("help_events_field"))
    telling.add_argument("--max", type=types.many, default=50, metavar="N", help=texts("help_events_max"))

    trying = commands.add("webhook-test", webhook.run)
    trying.add_argument("url", metavar="URL", help=texts("help_webhook_url"))


def _sending_commands(commands: _Commands, texts: Texts) -> None:
    pausing = commands.add("pause", pause.run_pause)
    _add_scope(pausing, texts)
    pausing.add_argument("--reason", required=True, metavar="TEXT", help=texts("help_pause_reason"))
    end = pausing.add_mutually_exclusive_group()
    end.add_argument("--until", type=types.moment, metavar="TIME", help=texts("help_pause_until"))
    end.add_argument(
        "--for", type=types.duration, metavar="TIME", dest="duration", help=texts("help_pause_for")
    )
    _add_scope(commands.add("resume", pause.run_resume), texts)
    commands.add("pauses", pause.run_list)

    cancelling = commands.add("cancel", cancel.run)
    cancelling.add_argument(
        "ids", nargs="+", type=types.identifier, metavar="ID", help=texts("help_cancel_id")
    )

    again = commands.add("requeue", requeue.run)
    again.add_argument("ids", nargs="*", type=types.identifier, metavar="ID", help=texts("help_requeue_id"))
    again.add_argument("--company", type=types.identifier, metavar="N", help=texts("help_company"))
    again.add_argument("--template", type=types.identifier, metavar="N", help=texts("help_template"))
    again.add_argument("--error-code", type=types.error_code, metavar="N", help=texts("help_error_code"))
    classes = [error_class.value for error_class in ErrorClass]
    again.add_argument("--error-class", choices=classes, metavar="CLASS", help=texts("help_error_class"))
    again.add_argument("--since", type=types.moment, metavar="TIME", help=texts("help_requeue_since"))
    again.add_argument("--until", type=types.moment, metavar="TIME", help=texts("help_requeue_until"))
    again.add_argument("--max", type=types.many, metavar="N", help=texts("help_requeue_max"))
    again.add_argument("--include-unknown", action="store_true", help=texts("help_requeue_unknown"))
    again.add_argument("--dry-run", action="store_true", help=texts("help_requeue_dry"))


def _add_scope(parser: argparse.ArgumentParser, texts: Texts) -> None:
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--company", type=types.identifier, metavar="N", help=texts("help_company"))
    scope.add_argument("--template", type=types.identifier, metavar="N", help=texts("help_template"))


def _key_commands(commands: _Commands, texts: Texts) -> None:
    issuing = commands.add("issue", keys.run_issue)
    issuing.add_argument("name", metavar="NAME", help=texts("help_key_name"))
    issuing.add_argument(
        "--scope", action="append", required=True, choices=SCOPES, help=texts("help_key_scope")
    )
    commands.add("list", keys.run_list)
    revoking = commands.add("revoke", keys.run_revoke)
    revoking.add_argument("name", metavar="NAME", help=texts("help_key_name"))


def _contact_commands(commands: _Commands, texts: Texts) -> None:
    validating = commands.add("validate", contacts.run_validate)
    validating.add_argument("--company", type=types.identifier, metavar="N", help=texts("help_company"))
    bad = commands.add("bad", contacts.run_bad)
    bad.add_argument("--company", type=types.identifier, metavar="N", help=texts("help_company"))
