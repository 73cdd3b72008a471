"""The command `whatsapp-alerting`."""

import argparse
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from whatsapp_alerting.alert import Language
from whatsapp_alerting.compilation import (
    Sources,
    Targets,
    catalog_schema,
    compiled_files,
    read_installation,
)
from whatsapp_alerting.mutation.check import FAILURES, Fate, check_mutants
from whatsapp_alerting.mutation.equivalents import EquivalentMutant, load_equivalents
from whatsapp_alerting.mutation.mutants import mutants
from whatsapp_alerting.mutation.proofs import proofs_of
from whatsapp_alerting.output import is_stale, stale_files, write_file, write_files
from whatsapp_alerting.problems import InvalidInputError, Problem
from whatsapp_alerting.progress import Progress
from whatsapp_alerting.reference import reference_page
from whatsapp_alerting.resolution import ResolvedAlert
from whatsapp_alerting.tools import MissingToolError
from whatsapp_alerting.verification import verify

OK, FAILURE, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 1 stale or failed, 2 a faulty file or usage."""
    options = _parser().parse_args(arguments)
    command = {"compile": _compile, "verify": _verify, "mutate": _mutate}[options.command]
    try:
        return command(options)
    except InvalidInputError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except MissingToolError as error:
        sys.stderr.write(f"whatsapp-alerting: {error}\n")
        return FAILURE
    except OSError as error:
        sys.stderr.write(f"whatsapp-alerting: {error}\n")
        return FAILURE


def _parser() -> argparse.ArgumentParser:
    here = Sources.in_repository()
    parser = argparse.ArgumentParser(prog="whatsapp-alerting", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    compiling = commands.add_parser("compile", help="write rules, routes, templates and tests")
    compiling.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="directory to write to (default: the project's own, with its reference page and schema)",
    )
    compiling.add_argument("--overrides", type=Path, default=here.overrides, metavar="FILE")
    compiling.add_argument("--catalog", type=Path, default=here.catalog, metavar="FILE")
    compiling.add_argument("--runbooks", type=Path, default=here.runbooks, metavar="DIR")
    compiling.add_argument("--metrics", type=Path, default=here.metrics, metavar="FILE")
    compiling.add_argument("--external-metrics", type=Path, default=here.external_metrics, metavar="FILE")
    compiling.add_argument("--dashboards", type=Path, default=here.dashboards, metavar="DIR")
    compiling.add_argument(
        "--language",
        choices=[language.value for language in Language],
        help="goes before the overrides file's own",
    )
    compiling.add_argument("--docs", type=Path, metavar="FILE", help="also write the reference page")
    compiling.add_argument(
        "--schema", type=Path, metavar="FILE", help="also write the catalogue's JSON Schema"
    )
    compiling.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a file is out of date"
    )

    verifying = commands.add_parser("verify", help="check a compiled directory with promtool and amtool")
    verifying.add_argument(
        "directory", type=Path, nargs="?", default=Targets.in_repository().directory, metavar="DIR"
    )
    verifying.add_argument("--json", action="store_true", help="write the verdicts as JSON")

    mutating = commands.add_parser("mutate", help="check that the tests notice when a rule is changed")
    mutating.add_argument("--alert", action="append", metavar="NAME", help="only this one; can be repeated")
    mutating.add_argument("--json", action="store_true", help="write the fate of every mutant as JSON")
    return parser


def _compile(options: argparse.Namespace) -> int:
    sources = Sources(
        catalog=options.catalog,
        overrides=options.overrides,
        runbooks=options.runbooks,
        metrics=options.metrics,
        external_metrics=options.external_metrics,
        dashboards=options.dashboards,
    )
    if options.output is None:
        targets = Targets.in_repository()
    else:
        targets = Targets(options.output, options.docs, options.schema)
    installation = read_installation(sources, Language(options.language) if options.language else None)
    compiled = compiled_files(installation)
    files = {}
    if targets.docs is not None:
        files[targets.docs] = reference_page(installation)
    if targets.schema is not None:
        files[targets.schema] = catalog_schema()

    if options.check:
        stale = stale_files(targets.directory, compiled)
        return _report_stale(stale + [path for path, content in files.items() if is_stale(path, content)])
    changed = write_files(targets.directory, compiled)
    return _report_changed(changed + [path for path, content in files.items() if write_file(path, content)])


def _verify(options: argparse.Namespace) -> int:
    verdicts = list(verify(options.directory, Progress("verified")))
    if options.json:
        sys.stdout.write(json.dumps([dataclasses.asdict(verdict) for verdict in verdicts], indent=2) + "\n")
    else:
        for verdict in verdicts:
            sys.stdout.write(f"{'ok' if verdict.passed else 'FAILED'}: {verdict.name}\n")
            if not verdict.passed:
                sys.stdout.write(f"{verdict.output}\n")
    return OK if all(verdict.passed for verdict in verdicts) else FAILURE


def _mutate(options: argparse.Namespace) -> int:
    """Check the project's own catalogue."""
    sources = Sources.in_repository()
    installation = read_installation(sources)
    equivalents = load_equivalents(sources.equivalent_mutants)
    _check_names(installation.alerts, equivalents, sources.equivalent_mutants)
    names = {one.name for one in installation.alerts}
    chosen = set(options.alert or names)
    unknown = chosen - names
    if unknown:
        sys.stderr.write(f"whatsapp-alerting: no such alert: {', '.join(sorted(unknown))}\n")
        return USAGE
    outcomes = list(check_mutants(proofs_of(installation, chosen), equivalents, Progress("mutants")))
    if options.json:
        sys.stdout.write(json.dumps([dataclasses.asdict(one) for one in outcomes], indent=2) + "\n")
    else:
        for one in outcomes:
            if one.fate in FAILURES:
                sys.stdout.write(": ".join(part for part in (one.alert, one.change, one.fate) if part) + "\n")
        count = Counter(one.fate for one in outcomes)
        sys.stdout.write(", ".join(f"{count[fate]} {fate}" for fate in Fate if count[fate]) + "\n")
    return FAILURE if any(one.fate in FAILURES for one in outcomes) else OK


def _check_names(
    alerts: Sequence[ResolvedAlert], equivalents: Mapping[str, EquivalentMutant], path: Path
) -> None:
    known = {mutant.name for one in alerts for mutant in mutants(one)}
    problems = [
        Problem(str(path), one.alert, "change", f"there is no mutant {one.change!r}")
        for name, one in equivalents.items()
        if name not in known
    ]
    if problems:
        raise InvalidInputError(problems)


def _report_stale(paths: list[Path]) -> int:
    for path in paths:
        sys.stderr.write(f"{path}: out of date; run the command again without --check\n")
    return FAILURE if paths else OK


def _report_changed(paths: list[Path]) -> int:
    for path in paths:
        sys.stdout.write(f"changed: {path}\n")
    return OK


if __name__ == "__main__":
    sys.exit(main())
