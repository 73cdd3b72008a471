"""Command line: one subcommand for each simulator."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from whatsapp_world.errors import UsageError

SIMULATORS = {
    "graph": "Meta's Graph API: takes template messages, sends signed status webhooks",
    "inbox": "Slack webhook, mail (SMTP) and heartbeat receiver",
    "sns": "AWS SNS: takes text messages",
    "hrana": "a libSQL server: Hrana over HTTP over one SQLite file",
    "traffic": "asks the notification service for notifications, steadily",
    "fixture": "prints the lab's data: companies, contacts, templates",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a simulator; return 0 after a clean stop, 1 when it fails, 2 when it was called wrongly."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="whatsapp-world", description="Simulators of the world outside.")
    subparsers = parser.add_subparsers(dest="simulator", required=True, metavar="SIMULATOR")
    chosen = arguments[0] if arguments else ""
    command = None
    for name, summary in SIMULATORS.items():
        subparser = subparsers.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
        )
        if name == chosen:  # only the chosen one is loaded: moto alone takes a second and 100 MB
            command = importlib.import_module(f"whatsapp_world.{name}.command")
            command.add_arguments(subparser)
    parsed = parser.parse_args(arguments)
    if command is None:  # an option before the subcommand, which parse_args has answered already
        parser.error("name a simulator first")
    try:
        status: int = command.run_command(parsed)
    except UsageError as exc:
        sys.stderr.write(f"whatsapp-world: {exc}\n")
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
