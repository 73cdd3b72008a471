"""``whatsapp-world graph``: arguments of the Graph simulator."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from whatsapp_world.errors import UsageError
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.read_limit import LIMIT_CODES
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.statuses import StatusTimings
from whatsapp_world.graph.templates import read_templates
from whatsapp_world.graph.token_bucket import SendLimits
from whatsapp_world.graph.versions import EXPIRED_POLICIES, SERVED
from whatsapp_world.graph.webhook_payload import MAX_UPDATES, BusinessNumber
from whatsapp_world.graph.webhook_sender import (
    DEFAULT_BATCH,
    DEFAULT_TIME_COMPRESSION,
    DEFAULT_WINDOW_SECONDS,
    WebhookTarget,
)
from whatsapp_world.http_server import add_endpoint_arguments, endpoint_of, run
from whatsapp_world.secret_files import read_secret

DEFAULT_TIMINGS: Final = StatusTimings()
DEFAULT_LIMITS: Final = SendLimits()
# Messages live long and hold no cycles: looking through them often is wasted.
GC_THRESHOLDS: Final = (50_000, 20, 100)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the simulator's options."""
    add_endpoint_arguments(parser, default_port=8443)
    add = parser.add_argument
    add("--token-file", type=Path, required=True, help="file with the access token to accept")
    add("--phone-number-id", default="106540352242922", help="(default: %(default)s)")
    add("--account-id", default="102290129340398", help="business account (default: %(default)s)")
    add("--display-number", default="+51 1 700 0000", help="sender's number (default: %(default)s)")
    add("--verified-name", default="Valorizaciones", help="sender's name (default: %(default)s)")
    add("--templates-file", type=Path, help='document whose "plantillas" are the approved templates')
    add("--token-expires-at", type=int, default=0, help="epoch seconds, 0 never (default: 0)")
    add("--state-file", type=Path, help="remember here what was accepted, so that a killed simulator goes on")
    add(
        "--callback-separator",
        default="",
        help="for /_lab/duplicates: only what stands before it in the callback data counts",
    )
    add("--seed", type=int, help="make delays and choices repeatable")
    _add_webhook_arguments(parser)
    _add_limit_arguments(parser)
    _add_status_arguments(parser)


def _add_webhook_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--webhook-url", help="where status webhooks go; none are sent without it")
    add("--app-secret-file", type=Path, help="file with the secret that signs webhooks")
    add("--verify-token-file", type=Path, help="file with the handshake's token, for /_lab/handshake")
    add(
        "--webhook-batch", type=batch, default=DEFAULT_BATCH, help="statuses a request (default: %(default)s)"
    )
    add(
        "--webhook-window-seconds",
        type=not_negative,
        default=DEFAULT_WINDOW_SECONDS,
        help="how long a status that is due waits for others (default: %(default)s)",
    )
    add(
        "--time-compression",
        type=positive,
        default=DEFAULT_TIME_COMPRESSION,
        help="divides the times of Meta's retries: at once, 1, 2, 4 ... 60 minutes, 7 days long"
        " (default: %(default)g)",
    )


def _add_limit_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--messages-per-second",
        type=not_negative,
        default=DEFAULT_LIMITS.messages_per_second,
        help="of the number, 0 no limit (default: %(default)g)",
    )
    add(
        "--pair-seconds",
        type=not_negative,
        default=DEFAULT_LIMITS.pair_seconds,
        help="between messages to one recipient after a burst, 0 no limit (default: %(default)g)",
    )
    add("--pair-burst", type=int, default=DEFAULT_LIMITS.pair_burst, help="(default: %(default)s)")
    add(
        "--reads-per-hour",
        type=int,
        help="management reads, 0 no limit (default: 5000 with a registered number, else 200)",
    )
    add(
        "--read-limit-code",
        type=int,
        choices=LIMIT_CODES,
        default=80007,
        help="error of reads beyond that (default: %(default)s)",
    )
    add(
        "--expired-versions",
        choices=EXPIRED_POLICIES,
        default=SERVED,
        help="served by the oldest live version, or refused with 2635 (default: %(default)s)",
    )
    add(
        "--error-status",
        type=error_status,
        action="append",
        default=[],
        metavar="CODE=HTTP",
        help="HTTP status of an error code, such as 131056=403; may be repeated",
    )


def _add_status_arguments(parser: argparse.ArgumentParser) -> None:
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


def batch(text: str) -> int:
    """Parse a number of statuses, 1 to 1,000; for argparse, so ValueError otherwise."""
    value = int(text)
    if not 1 <= value <= MAX_UPDATES:
        raise ValueError(text)
    return value


def error_status(text: str) -> tuple[int, int]:
    """Parse ``CODE=HTTP``; for argparse, so ValueError otherwise."""
    code, _, status = text.partition("=")
    pair = int(code), int(status)
    if not (pair[0] >= 0 and 400 <= pair[1] <= 599):
        raise ValueError(text)
    return pair


def settings_of(arguments: argparse.Namespace) -> GraphSettings:
    """Read the files that the arguments name; raise UsageError when one cannot be used."""
    templates = None if arguments.templates_file is None else read_templates(arguments.templates_file)
    verify_token = None
    if arguments.verify_token_file is not None:
        verify_token = read_secret(arguments.verify_token_file, what="verify token")
    if arguments.pair_burst < 1 or (arguments.reads_per_hour or 0) < 0:
        raise UsageError("--pair-burst must be at least 1, --reads-per-hour at least 0")
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
        limits=SendLimits(arguments.messages_per_second, arguments.pair_seconds, arguments.pair_burst),
        reads_per_hour=arguments.reads_per_hour,
        read_limit_code=arguments.read_limit_code,
        expired_versions=arguments.expired_versions,
        error_statuses=dict(arguments.error_status),
        token_expires_at=arguments.token_expires_at,
        state_file=arguments.state_file,
        callback_separator=arguments.callback_separator,
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
    return WebhookTarget(
        url=arguments.webhook_url,
        app_secret=read_secret(arguments.app_secret_file, what="app secret"),
        batch=arguments.webhook_batch,
        window_seconds=arguments.webhook_window_seconds,
        time_compression=arguments.time_compression,
    )


def run_command(arguments: argparse.Namespace) -> int:
    """Serve until stopped; return the exit status."""
    endpoint = endpoint_of(arguments)
    app = build_app(GraphSimulator(settings_of(arguments)))
    gc.set_threshold(*GC_THRESHOLDS)
    return run(app, endpoint, loop="uvloop")
