"""``whatsapp-world inbox``: arguments of the inbox."""

import argparse
from pathlib import Path

from whatsapp_world.errors import UsageError
from whatsapp_world.http_server import add_endpoint_arguments, endpoint_of, port_number, run
from whatsapp_world.inbox.app import Inbox, build_app
from whatsapp_world.inbox.heartbeat import DEFAULT_GRACE_SECONDS, grace_seconds
from whatsapp_world.inbox.mail import SmtpSettings
from whatsapp_world.secret_files import read_secret


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the inbox's options."""
    add_endpoint_arguments(parser, default_port=8446)
    parser.add_argument("--smtp-port", type=port_number, default=2525, help="(default: %(default)s)")
    parser.add_argument("--smtp-user", help="ask for AUTH as this user")
    parser.add_argument("--smtp-password-file", type=Path, help="file with that user's password")
    parser.add_argument("--require-starttls", action="store_true", help="refuse mail in the clear")
    parser.add_argument(
        "--heartbeat-grace-seconds",
        type=grace_seconds,
        default=DEFAULT_GRACE_SECONDS,
        help="alarm when heartbeats stay away so long (default: %(default)g)",
    )


def smtp_settings_of(arguments: argparse.Namespace) -> SmtpSettings:
    """Read the password file; raise UsageError when the options do not fit together."""
    if (arguments.smtp_user is None) != (arguments.smtp_password_file is None):
        raise UsageError("--smtp-user and --smtp-password-file go together")
    if arguments.require_starttls and arguments.tls_cert is None:
        raise UsageError("--require-starttls needs --tls-cert and --tls-key")
    password = None
    if arguments.smtp_password_file is not None:
        password = read_secret(arguments.smtp_password_file, what="SMTP password")
    return SmtpSettings(
        host=arguments.host,
        port=arguments.smtp_port,
        user=arguments.smtp_user,
        password=password,
        require_starttls=arguments.require_starttls,
    )


def run_command(arguments: argparse.Namespace) -> int:
    """Serve until stopped; return the exit status."""
    endpoint = endpoint_of(arguments)
    inbox = Inbox(heartbeat_grace_seconds=arguments.heartbeat_grace_seconds)
    return run(build_app(inbox, smtp_settings_of(arguments), endpoint.tls_context()), endpoint)
