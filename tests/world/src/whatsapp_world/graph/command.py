"""``whatsapp-world graph``: arguments of the Graph simulator."""

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from whatsapp_world.errors import UsageError
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.statuses import StatusTimings
from whatsapp_world.graph.templates import read_templates
from whatsapp_world.graph.token_bucket import MESSAGES_PER_SECOND
from whatsapp_world.graph.webhook_payload import BusinessNumber
from whatsapp_world.graph.webhook_sender import WebhookTarget
from whatsapp_world.http_server import add_endpoint_arguments, endpoint_of, run
from whatsapp_world.secret_files import read_secret

DEFAULT_TIMINGS = StatusTimings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the simulator's options."""
    add_endpoint_arguments(parser, default_port=8443)
    parser.add_argument("--token-file", type=Path, required=True, help="file with the access token to accept")
    parser.add_argument("--phone-number-id", default="106540352242922", help="(default: %(default)s)")
    parser.add_argument(
        "--account-id", default="102290129340398", help="business account (default: %(default)s)"
    )
    parser.add_argument(
        "--display-number", default="+51 1 700 0000", help="sender's number (default: %(default)s)"
    )
    parser.add_argument(
        "--verified-name", default="Valorizaciones", help="sender's name (default: %(default)s)"
    )
    parser.add_argument("--webhook-url", help="where status webhooks go; none are sent without it")
    parser.add_argument("--app-secret-file", type=Path, help="file with the secret that signs webhooks")
    parser.add_argument(
        "--verify-token-file", type=Path, help="file with the handshake's token, for /_lab/handshake"
    )
    parser.add_argument(
        "--templates-file", type=Path, help='document whose "plantillas" are the approved templates'
    )
    parser.add_argument(
        "--messages-per-second", type=positive, default=MESSAGES_PER_SECOND, help="(default: 80)"
    )
    parser.add_argument("--token-expires-at", type=int, default=0, help="epoch seconds, 0 never (default: 0)")
    parser.add_argument("--seed", type=int, help="make delays and choices repeatable")
    for name, what in (("sent", "accepting"), ("delivered", "sent"), ("read", "delivered")):
        parser.add_argument(
            f"--{name}-seconds",
            type=not_negative,
            default=getattr(DEFAULT_TIMINGS, f"{name}_seconds"),
            help=f"mean delay of {name} after {what} (default: %(default)s)",
        )
    for name in ("failed", "delivered", "read", "skipped-delivered", "duplicated"):
        parser.add_argument(
            f"--{name}-probability",
            type=probability,
            default=getattr(DEFAULT_TIMINGS, name.replace("-", "_")),
            help="0 to 1 (default: %(default)s)",
        )


def positive(text: str) -> float:
    """Parse a number above 0; for argparse, so ValueError otherwise."""
    value = float(text)
    if not 0 < value < 1e9:
        raise ValueError(text)
    return value


def not_negative(text: str) -> float:
    """Parse a number from 0; for argparse, so ValueError otherwise."""
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value


def probability(text: str) -> float:
    """Parse a number from 0 to 1; for argparse, so ValueError otherwise."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def settings_of(arguments: argparse.Namespace) -> GraphSettings:
    """Read the files that the arguments name; raise UsageError when one cannot be used."""
    templates = None if arguments.templates_file is None else read_templates(arguments.templates_file)
    verify_token = None
    if arguments.verify_token_file is not None:
        verify_token = read_secret(arguments.verify_token_file, what="verify token")
    return GraphSettings(
        access_token=read_secret(arguments.token_file, what="access token"),
        number=BusinessNumber(
            account_id=arguments.account_id,
            phone_number_id=arguments.phone_number_id,
            display_number=arguments.display_number,
            verified_name=arguments.verified_name,
        ),
        webhook=_webhook(arguments),
        verify_token=verify_token,
        templates=templates,
        timings=StatusTimings(
            sent_seconds=arguments.sent_seconds,
            delivered_seconds=arguments.delivered_seconds,
            read_seconds=arguments.read_seconds,
            failed=arguments.failed_probability,
            delivered=arguments.delivered_probability,
            read=arguments.read_probability,
            skipped_delivered=arguments.skipped_delivered_probability,
            duplicated=arguments.duplicated_probability,
        ),
        messages_per_second=arguments.messages_per_second,
        token_expires_at=arguments.token_expires_at,
        seed=arguments.seed,
    )


def _webhook(arguments: argparse.Namespace) -> WebhookTarget | None:
    if arguments.webhook_url is None:
        return None
    parts = urlsplit(arguments.webhook_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("--webhook-url: an http(s) URL is needed")
    if arguments.app_secret_file is None:
        raise UsageError("--webhook-url needs --app-secret-file")
    return WebhookTarget(arguments.webhook_url, read_secret(arguments.app_secret_file, what="app secret"))


def run_command(arguments: argparse.Namespace) -> int:
    """Serve until stopped; return the exit status."""
    endpoint = endpoint_of(arguments)
    return run(build_app(GraphSimulator(settings_of(arguments))), endpoint)
