"""``whatsapp-world hrana``: arguments of the libSQL server."""

import argparse
import sqlite3
from pathlib import Path

from whatsapp_world.errors import UsageError
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.connection import open_database
from whatsapp_world.hrana.server import HranaServer, HranaSettings
from whatsapp_world.http_server import add_endpoint_arguments, endpoint_of, run
from whatsapp_world.secret_files import read_secret


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the server's options."""
    add_endpoint_arguments(parser, default_port=8448)
    parser.add_argument("--db-file", type=Path, required=True, help="SQLite file; made when there is none")
    parser.add_argument("--token-file", type=Path, help="file with the token to ask for; none without it")
    for name, what in (
        ("transaction", "a transaction is rolled back after"),
        ("idle", "a stream without requests is closed after"),
        ("busy", "a statement waits for the write lock for"),
    ):
        parser.add_argument(
            f"--{name}-seconds",
            type=positive,
            default=getattr(HranaSettings, f"{name}_seconds"),
            help=f"{what} (default: %(default)s)",
        )
    parser.add_argument(
        "--max-answer-bytes",
        type=positive_integer,
        default=HranaSettings.max_answer_bytes,
        help="values in the answer to one request (default: %(default)s)",
    )
    parser.add_argument("--self-url", help="where clients are told to continue a stream")


def positive(text: str) -> float:
    """Parse a number above 0; for argparse, so ValueError otherwise."""
    value = float(text)
    if not 0 < value < 1e9:
        raise ValueError(text)
    return value


def positive_integer(text: str) -> int:
    """Parse an integer above 0; for argparse, so ValueError otherwise."""
    value = int(text)
    if not 0 < value < 10**12:
        raise ValueError(text)
    return value


def settings_of(arguments: argparse.Namespace) -> HranaSettings:
    """Read the token and make the file; raise UsageError when one cannot be used."""
    token = None
    if arguments.token_file is not None:
        token = read_secret(arguments.token_file, what="token")
    try:
        open_database(arguments.db_file)
    except sqlite3.Error as exc:
        raise UsageError(f"--db-file: cannot open {arguments.db_file}: {exc}") from exc
    return HranaSettings(
        database=arguments.db_file,
        token=token,
        transaction_seconds=arguments.transaction_seconds,
        idle_seconds=arguments.idle_seconds,
        busy_seconds=arguments.busy_seconds,
        max_answer_bytes=arguments.max_answer_bytes,
        self_url=arguments.self_url,
    )


def run_command(arguments: argparse.Namespace) -> int:
    """Serve until stopped; return the exit status."""
    endpoint = endpoint_of(arguments)
    return run(build_app(HranaServer(settings_of(arguments))), endpoint)
