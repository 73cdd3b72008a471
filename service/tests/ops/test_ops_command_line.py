"""The command line as a whole: help, languages, settings, and its documentation."""

import argparse
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from whatsapp_service.ops import catalogue
from whatsapp_service.ops.arguments import build_parser
from whatsapp_service.ops.catalogue import CATALOGUE
from whatsapp_service.ops.environment_file import read_environment_file
from whatsapp_service.ops.texts import Texts

from .conftest import Installation

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "commands.md"
SOURCES = Path(catalogue.__file__).parents[1]


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:  # argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _subcommands() -> dict[str, argparse.ArgumentParser]:
    """Every command under its words: `backup`, `keys issue`."""
    found = {}
    for name, parser in _below(build_parser(Texts("en"))).items():
        groups = {f"{name} {below}": one for below, one in _below(parser).items()}
        found.update(groups or {name: parser})
    return found


def _help_key(name: str) -> str:
    return f"help_{name.replace('-', '_').replace(' ', '_')}"


def _sections() -> set[str]:
    return {name.split()[0] for name in _subcommands()}


def _flags() -> Iterator[tuple[str, str]]:
    yield "whatsapp-ops", "--env-file"
    for name, parser in _subcommands().items():
        if " " in name:
            yield name.split()[0], f"whatsapp-ops {name}"
        for action in parser._actions:
            for flag in action.option_strings or [str(action.metavar)]:
                if flag not in {"-h", "--help"}:
                    yield name.split()[0], flag


@pytest.mark.parametrize(("command", "flag"), list(_flags()))
def test_every_subcommand_and_flag_is_documented(command: str, flag: str) -> None:
    sections = re.split(r"^## ", DOCUMENTATION.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = [text for text in sections if text.startswith(f"`{command}`")]

    assert len(section) == 1, f"docs/commands.md has no section for {command}"
    named = re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", section[0])
    assert named is not None, f"{command} {flag} is not documented"


def test_no_command_is_documented_that_does_not_exist() -> None:
    documented = re.findall(r"^## `([a-z-]+)`", DOCUMENTATION.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert set(documented) == {"whatsapp-ops", *_sections()}
    assert len(documented) == len(set(documented))


@pytest.mark.parametrize("name", sorted(_subcommands()))
@pytest.mark.parametrize("language", ["es", "en"])
def test_every_subcommand_has_help_in_both_languages(
    installation: Installation, capsys: pytest.CaptureFixture[str], name: str, language: str
) -> None:
    installation.environ["OPS_LANGUAGE"] = language

    with pytest.raises(SystemExit) as exit_:
        installation.run(*name.split(), "--help")

    assert exit_.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert Texts(language)(_help_key(name)).split()[0] in shown
    assert Texts(language)("help_json") in shown


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_both_languages_of_a_text_name_the_same_values(key: str) -> None:
    spanish, english = (
        {field for _, field, _, _ in string.Formatter().parse(text) if field} for text in CATALOGUE[key]
    )

    assert spanish == english
    assert all(CATALOGUE[key])


def test_every_text_is_used_and_every_used_text_exists() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if "catalogue" not in path.parts
    )
    named = {_help_key(name) for name in (*_subcommands(), *_sections())}
    used = {key for key in CATALOGUE if f'"{key}"' in source} | named

    assert set(CATALOGUE) - used == set()
    assert {key for key in re.findall(r'texts\(\s*"(\w+)"', source) if key not in CATALOGUE} == set()


def test_without_a_subcommand_it_is_a_usage_error(installation: Installation) -> None:
    with pytest.raises(SystemExit) as exit_:
        installation.run()

    assert exit_.value.code == 2


def test_a_wrong_setting_is_one_line_and_exit_code_two(installation: Installation) -> None:
    installation.environ["BACKUP_RETENTION_DAYS"] = "many"

    result = installation.run("backup")

    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "BACKUP_RETENTION_DAYS" in result.err


def test_settings_may_come_from_the_units_file_and_the_environment_wins(installation: Installation) -> None:
    path = installation.root / "production.conf"
    path.write_text(
        f'# production\n\nBACKUP_DIR="{installation.root / "from-file"}"\nOPS_LANGUAGE=es\n; the end\n'
        'SMTP_FROM="\\"Ops\\" <ops@empresa.com>"\n',
        encoding="utf-8",
    )
    installation.environ["OPS_LANGUAGE"] = "en"
    del installation.environ["BACKUP_DIR"]

    result = installation.run("--env-file", str(path), "backups")

    assert result.code == 0, result.err
    assert result.out == f"No backups in {installation.root / 'from-file'}\n"
    assert read_environment_file(path)["SMTP_FROM"] == '"Ops" <ops@empresa.com>'


@pytest.mark.parametrize("content", ["export WORKERS=4\n", "WORKERS\n", None])
def test_a_wrong_settings_file_is_a_usage_error(installation: Installation, content: str | None) -> None:
    path = installation.root / "production.conf"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    result = installation.run("--env-file", str(path), "backups")

    assert result.code == 2
    assert "production.conf" in result.err


def test_json_output_is_only_json(filled: Installation) -> None:
    for arguments in (
        ["migrate"],
        ["backup"],
        ["backups"],
        ["cleanup"],
        ["reindex"],
        ["report"],
        ["diagnose"],
        ["events"],
        ["pause", "--reason", "x"],
        ["pauses"],
        ["resume"],
        ["keys", "list"],
        ["contacts", "validate"],
        ["contacts", "bad"],
        ["requeue", "--company", "1", "--dry-run"],
    ):
        result = filled.run(*arguments, "--json")
        assert result.json() is not None
        assert result.code == 0, result.err


def test_a_job_is_logged_as_the_service_logs(filled: Installation) -> None:
    filled.run("cleanup")

    log = (filled.logs / "ops.log").read_text(encoding="utf-8")
    assert '"message":"DATA_CLEANUP completed"' in log
    assert '"tags":["maintenance","cleanup"]' in log
