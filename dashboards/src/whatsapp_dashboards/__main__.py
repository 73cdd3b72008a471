"""The command `whatsapp-dashboards`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from whatsapp_dashboards.catalogue import BUILDERS, encode
from whatsapp_dashboards.language import Language
from whatsapp_dashboards.lint import lint, read_metric_names

DEFAULT_OUTPUT = Path("dashboards/json")
DEFAULT_METRICS = Path("docs/metrics.md")


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(
        prog="whatsapp-dashboards", description="Build Grafana dashboards as JSON files."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write <output>/<language>/<dashboard>.json")
    build.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    build.add_argument(
        "--language",
        action="append",
        choices=[language.value for language in Language],
        help="only this language (may be given again; default: all)",
    )
    build.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="folder (default: %(default)s)")
    checker = commands.add_parser("lint", help="check the built dashboards against the project's rules")
    checker.add_argument(
        "--metrics",
        type=Path,
        default=DEFAULT_METRICS,
        help="reference of metric names (default: %(default)s)",
    )
    checker.add_argument("--json", action="store_true", help="report as JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit code (2: wrong usage, 1: failure)."""
    options = build_parser().parse_args(arguments)
    try:
        if options.command == "lint":
            return _lint(options.metrics, as_json=options.json)
        languages = [Language(code) for code in options.language or list(Language)]
        return _build(options.output, languages, check=options.check)
    except OSError as error:
        sys.stderr.write(f"whatsapp-dashboards: {error.filename}: {error.strerror}\n")
        return 1


def _build(output: Path, languages: Sequence[Language], *, check: bool) -> int:
    stale = False
    for language in languages:
        for name, builder in BUILDERS.items():
            path = output / language.value / f"{name}.json"
            text = encode(builder(language))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            elif not path.exists() or path.read_text(encoding="utf-8") != text:
                sys.stderr.write(f"{path} is stale: run whatsapp-dashboards build\n")
                stale = True
    return int(stale)


def _lint(metrics: Path, *, as_json: bool) -> int:
    names = read_metric_names(metrics.read_text(encoding="utf-8"))
    problems = [
        {"dashboard": name, "language": language.value, "problem": problem}
        for name, builder in BUILDERS.items()
        for language in Language
        for problem in lint(json.loads(encode(builder(language))), names)
    ]
    if as_json:
        sys.stdout.write(json.dumps(problems, ensure_ascii=False, indent=2) + "\n")
    else:
        for found in problems:
            sys.stdout.write(f"{found['language']}/{found['dashboard']}: {found['problem']}\n")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
