"""``whatsapp-world traffic``: arguments of the traffic generator."""

import argparse
import asyncio
import random
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from whatsapp_world import service_notification
from whatsapp_world.clock import SystemClock
from whatsapp_world.errors import UsageError
from whatsapp_world.fixture.document import FixtureDocument, read_document
from whatsapp_world.http_server import configure_logging
from whatsapp_world.secret_files import read_secret
from whatsapp_world.traffic.generator import TrafficGenerator
from whatsapp_world.traffic.requests import RequestSource

TIMEOUT_SECONDS = 30.0
MAX_RATE = 60_000.0


@dataclass(frozen=True)
class TrafficSettings:
    """Whom to ask, how often (notifications a minute), and for what."""

    api_url: str
    api_key: str
    rate: float
    future_share: float
    seed: int | None
    document: FixtureDocument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the generator's options."""
    parser.add_argument("--api-url", required=True, help="the notification service, such as https://app1")
    parser.add_argument(
        "--api-key-file", type=Path, required=True, help="file with an API key of scope operate"
    )
    parser.add_argument(
        "--fixture-file", type=Path, required=True, help="document that the fixture command printed"
    )
    parser.add_argument(
        "--rate", type=float, default=30.0, help="notifications a minute (default: %(default)s)"
    )
    parser.add_argument(
        "--future-share", type=float, default=0.02, help="share for later (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, help="make the choices repeatable")


def settings_of(arguments: argparse.Namespace) -> TrafficSettings:
    """Check the arguments and read their files; raise UsageError when they cannot be used."""
    parts = urlsplit(arguments.api_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("--api-url: an http(s) URL is needed")
    if not 0 < arguments.rate <= MAX_RATE:
        raise UsageError(f"--rate: above 0, at most {MAX_RATE:g}")
    if not 0 <= arguments.future_share <= 1:
        raise UsageError("--future-share: 0 to 1")
    return TrafficSettings(
        api_url=arguments.api_url,
        api_key=read_secret(arguments.api_key_file, what="API key"),
        rate=arguments.rate,
        future_share=arguments.future_share,
        seed=arguments.seed,
        document=read_document(arguments.fixture_file),
    )


async def generate(settings: TrafficSettings, stop: asyncio.Event) -> None:
    """Post until ``stop`` is set."""
    # Repeatable choices, nothing secret.
    randomness = random.Random(settings.seed)  # noqa: S311 - simulation, not cryptography
    async with httpx.AsyncClient(
        base_url=settings.api_url,
        verify=ssl.create_default_context(),  # the system's trust store, which knows a private CA
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
    ) as client:
        generator = TrafficGenerator(
            client=client,
            source=RequestSource(settings.document, randomness, future_share=settings.future_share),
            api_key=settings.api_key,
            rate=settings.rate,
            clock=SystemClock(),
            randomness=randomness,
        )
        await generator.run(stop)


async def _until_signalled(settings: TrafficSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service_notification.notify(service_notification.READY)
    await generate(settings, stop)
    service_notification.notify(service_notification.STOPPING)


def run_command(arguments: argparse.Namespace) -> int:
    """Generate traffic until SIGTERM or SIGINT; return 0."""
    settings = settings_of(arguments)
    configure_logging()
    asyncio.run(_until_signalled(settings))
    return 0
