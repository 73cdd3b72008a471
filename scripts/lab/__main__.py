"""Command line of the lab: `up`, `down`, `status`, `bench`, and the steps that the tests use alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from whatsapp_stack.bench import command as stack_bench
from whatsapp_stack.bench.exporter import command as exporter_bench
from whatsapp_stack.errors import StackError

from lab import bench_alerting, image, monitoring_tools, preflight, wheels
from lab.bench import bench
from lab.down import down
from lab.errors import LabError
from lab.layout import LAB_DIR
from lab.status import check, report, to_json
from lab.up import up


def _status(options: argparse.Namespace) -> int:
    parts = check()
    sys.stdout.write((to_json(parts) if options.json else report(parts)) + "\n")
    return 1 if any(part.broken for part in parts) else 0


def _image(options: argparse.Namespace) -> int:
    image.ensure(options.suite)
    return 0


def _wheels(options: argparse.Namespace) -> int:
    wheels.build(options.tags)
    return 0


def _tools(_: argparse.Namespace) -> int:
    sys.stdout.write(f"{monitoring_tools.ensure()}\n")
    return 0


def _prepare(_: argparse.Namespace) -> int:
    preflight.require_root()
    preflight.ensure_packages()
    return 0


def _bench(options: argparse.Namespace) -> int:
    if options.benchmark == "lab":
        return bench(as_json=options.json)
    if options.benchmark == "alerting":
        return bench_alerting.run(options)
    service = dict(options.set)
    if options.benchmark == "exporter":
        return exporter_bench.run(options, folder=LAB_DIR / "bench", service=service)
    return stack_bench.run(options.benchmark, folder=LAB_DIR / "bench", service=service, as_json=options.json)


def _add_benchmarks(command: argparse.ArgumentParser) -> None:
    benchmarks = command.add_subparsers(dest="benchmark", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        benchmark = benchmarks.add_parser(name, description=text, help=text)
        benchmark.add_argument("--json", action="store_true", help="print the figures as JSON")
        return benchmark

    add("lab", "What a scrape, a request and a second deployment cost on the running lab (scripts/up).")
    bench_alerting.add_options(add("alerting", bench_alerting.DESCRIPTION))
    exporter = add("exporter", exporter_bench.DESCRIPTION)
    exporter_bench.add_options(exporter)
    for benchmark in (exporter, *(add(name, text) for name, text in stack_bench.DESCRIPTIONS.items())):
        benchmark.add_argument(
            "--set",
            action="append",
            default=[],
            type=_setting,
            metavar="NAME=VALUE",
            help="a setting of the service (docs/settings.md) that differs from its default; may be repeated",
        )


def _setting(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise ValueError(text)
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, prog=f"scripts/{name}", description=text, help=text)
        command.set_defaults(run=run)
        return command

    command = add(
        "up", "Build the lab and deploy the stack into it.", lambda options: up(verbose=options.verbose)
    )
    command.add_argument("--verbose", action="store_true", help="show ansible-playbook's output")
    command = add(
        "down",
        "Remove everything that scripts/up made.",
        lambda options: down(keep_image=options.keep_image),
    )
    command.add_argument(
        "--keep-image", action="store_true", help="keep the hosts' image: the next up is faster"
    )
    command = add("status", "Check each part of the running stack; name what is broken.", _status)
    command.add_argument("--json", action="store_true", help="every part's state, address and login")
    _add_benchmarks(add("bench", "Measure, print figures and targets.", _bench))
    command = add("image", "Make the hosts' image if it is missing.", _image)
    command.add_argument("suite", nargs="?", default="trixie", choices=image.SUITES, help="Debian release")
    command = add("wheels", "Build the wheelhouse for the targets.", _wheels)
    command.add_argument("tags", nargs="*", default=["cp313"], metavar="TAG", help="cp313 (default), cp311")
    add("tools", "Unpack promtool and amtool for the controller, print where.", _tools)
    add("prepare", "Install the packages that the lab and the tests need.", _prepare)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a fault is one line on standard error and exit code 1."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (LabError, StackError) as error:
        sys.stderr.write(f"scripts/{options.command}: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
