"""The command `whatsapp-exporter`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from whatsapp_exporter import __version__
from whatsapp_exporter.application import create_application
from whatsapp_exporter.config import Config, ConfigError, load_config
from whatsapp_exporter.exporter import Exporter
from whatsapp_exporter.json_logs import configure_logging, set_level
from whatsapp_exporter.reloading import Reloader
from whatsapp_exporter.schedules import create_schedules
from whatsapp_exporter.server import create_server, parse_listen_address
from whatsapp_exporter.targets import Targets
from whatsapp_exporter.web_config import load_web_config
from whatsapp_exporter.web_config_watcher import WebConfigWatcher

DEFAULT_CONFIG_FILE = Path("/etc/whatsapp-exporter/config.yml")
DEFAULT_LISTEN_ADDRESS = "127.0.0.1:9808"


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's parser. Flags are spelled as those of Prometheus' exporters."""
    parser = argparse.ArgumentParser(
        prog="whatsapp-exporter", description="Prometheus exporter of the WhatsApp notification service."
    )
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=DEFAULT_CONFIG_FILE,
        metavar="FILE",
        help="configuration in YAML (default: %(default)s)",
    )
    parser.add_argument(
        "--config.check",
        dest="config_check",
        action="store_true",
        help="read the configuration files, say whether they are valid, and exit",
    )
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        default=DEFAULT_LISTEN_ADDRESS,
        metavar="HOST:PORT",
        help="where to listen (default: %(default)s)",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        type=Path,
        metavar="FILE",
        help="TLS, users, headers and rate limit, in the exporter-toolkit's format",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the exporter until it is told to stop; return the exit code (2: wrong usage, 1: failure)."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        address = parse_listen_address(options.listen_address)
    except ValueError as error:
        parser.error(f"--web.listen-address: {error}")
    try:
        config = load_config(options.config_file)
        if options.web_config_file is not None:
            load_web_config(options.web_config_file)
    except ConfigError as error:
        sys.stderr.write(f"whatsapp-exporter: {error}\n")
        return 1
    if options.config_check:
        sys.stdout.write(f"{options.config_file}: valid\n")
        return 0
    configure_logging(config.log_level, sys.stderr)
    try:
        web = WebConfigWatcher(options.web_config_file) if options.web_config_file is not None else None
    except ConfigError as error:
        sys.stderr.write(f"whatsapp-exporter: {error}\n")
        return 1
    targets = Targets(config, create_schedules)
    reloader = _reloader(options.config_file, config, targets, web)
    application = create_application(Exporter(targets, reloader, version=__version__))
    server = create_server(application, address, web=web)
    server.run()
    return 0 if server.started else 1


def _reloader(path: Path, config: Config, targets: Targets, web: WebConfigWatcher | None) -> Reloader:
    def read() -> Config:
        new = load_config(path)
        if web is not None:
            web.reload()
        return new

    def apply(new: Config) -> None:
        targets.reconfigure(new)
        set_level(new.log_level)

    return Reloader(config, read=read, apply=apply)


if __name__ == "__main__":
    sys.exit(main())
