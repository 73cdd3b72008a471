"""``whatsapp-ops``: parse, load the settings, run one command, turn errors into one line and an exit code."""

import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TextIO

from libsql_client import LibsqlError

from whatsapp_service.clock import Clock, utc_now
from whatsapp_service.json_logging import configure_logging
from whatsapp_service.ops.arguments import Command, build_parser
from whatsapp_service.ops.console import Console
from whatsapp_service.ops.context import OpsContext
from whatsapp_service.ops.environment_file import with_file
from whatsapp_service.ops.errors import OperationError, UsageError
from whatsapp_service.ops.job import operation_error
from whatsapp_service.ops.operator_name import operator_name
from whatsapp_service.ops.texts import Texts
from whatsapp_service.settings import Settings, SettingsError, load_settings

EXIT_FAILURE = 1
EXIT_USAGE = 2


def main() -> int:
    """Entry point of the console script; returns the exit code."""
    signal.signal(signal.SIGTERM, _exit_on_signal)
    return run_command_line(sys.argv[1:], environ=os.environ, out=sys.stdout, err=sys.stderr)


def run_command_line(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    out: TextIO,
    err: TextIO,
    now: Clock = utc_now,
) -> int:
    """Run one command.

    Returns 0 when all went well, 1 when the command failed, 2 for a wrong command line or setting.
    Raises SystemExit as argparse does, for ``--help`` and a wrong command line.
    """
    parser = build_parser(Texts(environ.get("OPS_LANGUAGE", "es")))
    options = parser.parse_args(arguments)
    console = Console(out, err, Texts(environ.get("OPS_LANGUAGE", "es")), as_json=options.json)
    try:
        settings = load_settings(with_file(environ, options.env_file))
        texts = console.texts = Texts(settings.ops_language)
        _start_logging(settings, console)
        context = OpsContext(
            settings=settings,
            texts=texts,
            console=console,
            now=now,
            monotonic=time.monotonic,
            operator=operator_name(environ),
        )
        command: Command = options.command
        return command(context, options)
    except (OperationError, SettingsError, LibsqlError, sqlite3.Error, OSError) as error:
        told = operation_error(error, console.texts)
        console.error(str(told))
        return EXIT_USAGE if isinstance(told, UsageError) else EXIT_FAILURE


def _start_logging(settings: Settings, console: Console) -> None:
    """Log to ``LOG_DIR/ops.log``; without it, nowhere: standard output belongs to the command's result."""
    if settings.log_dir is None:
        logging.getLogger("whatsapp").addHandler(logging.NullHandler())
        return
    try:
        configure_logging("ops", settings)
    except OSError as error:
        console.warn(console.texts("system_error", detail=error))


def _exit_on_signal(number: int, _frame: FrameType | None) -> None:
    # SystemExit unwinds the stack, so that an interrupted job cleans up and is recorded as failed.
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
