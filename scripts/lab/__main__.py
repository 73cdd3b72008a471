"""Command line of the lab: `up`, `down`, `status`, and the steps that the tests use alone."""

from __future__ import annotations

import argparse
import shutil
import sys

from lab import containers, image, monitoring_tools, preflight, wheels
from lab.errors import LabError
from lab.layout import LAB_DIR, hosts
from lab.status import check, report, to_json
from lab.up import up


def _down(*, keep_image: bool) -> int:
    preflight.require_root()
    removed = [] if preflight.missing_packages() else containers.remove(hosts())
    if not keep_image and not preflight.missing_packages():
        image.remove()
        removed.append("image")
    for path in sorted(LAB_DIR.iterdir()):
        if path.name in {"tools", "ansible"}:
            continue  # the controller's own environment, not the lab's
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    sys.stdout.write(f"removed: {', '.join(removed) or 'nothing was there'}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "up", prog="scripts/up", description="Build the lab and deploy the stack into it."
    )
    command.add_argument("--verbose", action="store_true", help="show ansible-playbook's output")
    command = commands.add_parser(
        "down", prog="scripts/down", description="Remove everything that scripts/up made."
    )
    command.add_argument(
        "--keep-image", action="store_true", help="keep the hosts' image for a faster next scripts/up"
    )
    command = commands.add_parser(
        "status", prog="scripts/status", description="Check each part of the running stack."
    )
    command.add_argument(
        "--json", action="store_true", help="for programs: state, address and login of every part"
    )
    command = commands.add_parser(
        "image", prog="scripts/image", description="Make the hosts' image if it is missing."
    )
    command.add_argument(
        "suite", nargs="?", default="trixie", choices=image.SUITES, help="Debian release (trixie)"
    )
    command = commands.add_parser(
        "wheels", prog="scripts/wheels", description="Build the wheelhouse for the targets."
    )
    command.add_argument("tags", nargs="*", default=["cp313"], metavar="TAG", help="cp313 (default), cp311")
    commands.add_parser(
        "tools", prog="scripts/tools", description="Unpack promtool and amtool for the controller."
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one line on standard error and exit code 1."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except LabError as error:
        sys.stderr.write(f"scripts/{options.command}: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "up":
            return up(verbose=options.verbose)
        case "down":
            return _down(keep_image=options.keep_image)
        case "image":
            image.ensure(options.suite)
        case "tools":
            sys.stdout.write(f"{monitoring_tools.ensure()}\n")
        case "prepare":
            missing = preflight.missing_packages()
            if missing:
                preflight.require_root()
                preflight.install(missing)
        case "wheels":
            wheels.build(options.tags)
        case _:
            parts = check()
            sys.stdout.write((to_json(parts) if options.json else report(parts)) + "\n")
            return 1 if any(part.broken for part in parts) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
