"""``whatsapp-world sns``: arguments of the SNS simulator."""

import argparse

from whatsapp_world.http_server import add_endpoint_arguments, endpoint_of, run
from whatsapp_world.sns.app import SmsGateway, build_app


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the simulator's options."""
    add_endpoint_arguments(parser, default_port=8447)


def run_command(arguments: argparse.Namespace) -> int:
    """Serve until stopped; return the exit status."""
    endpoint = endpoint_of(arguments)
    return run(build_app(SmsGateway()), endpoint)
