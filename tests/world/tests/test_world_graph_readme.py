"""The README knows every flag, fault, script, event and endpoint of the Graph simulator."""

import argparse
import re
from pathlib import Path

from starlette.routing import Route
from whatsapp_world.graph.app import build_app
from whatsapp_world.graph.command import add_arguments
from whatsapp_world.graph.events import EVENT_KINDS
from whatsapp_world.graph.faults import FAULT_KINDS
from whatsapp_world.graph.simulator import GraphSettings, GraphSimulator
from whatsapp_world.graph.statuses import SCRIPTS
from whatsapp_world.graph.webhook_payload import BusinessNumber

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SECTION = README.partition("## Graph API")[2].partition("\n## ")[0]


def words(text: str) -> set[str]:
    """What stands in backticks, and what it is made of."""
    quoted = re.findall(r"`([^`]+)`", text)
    return {part for span in quoted for part in [span, *re.findall(r"[\w/-]+", span)]}


def test_every_flag_is_there() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    flags = {option for action in parser._actions for option in action.option_strings}

    assert flags - words(SECTION) == set()


def test_no_flag_is_there_that_is_not() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    flags = {option for action in parser._actions for option in action.option_strings}
    table = SECTION.partition("### Flags")[2].partition("\n### ")[0]

    assert {word for word in words(table) if word.startswith("--")} == flags


def test_every_fault_with_its_members_is_there() -> None:
    rows = {match[1]: match[0] for match in re.finditer(r'^\| `\{"kind": "(\w+)".*$', SECTION, re.MULTILINE)}
    missing = {name: kind.members - words(rows.get(name, "")) for name, kind in FAULT_KINDS.items()}

    assert set(rows) == set(FAULT_KINDS)
    assert {name: members for name, members in missing.items() if members} == {}
    assert {name for name, row in rows.items() if "*match*" in row} == {
        name for name, kind in FAULT_KINDS.items() if kind.matches
    }


def test_every_script_and_event_is_there() -> None:
    known = words(SECTION)

    assert set(SCRIPTS) - known == set()
    assert set(EVENT_KINDS) - known == set()
    assert {member for kind in EVENT_KINDS.values() for member in kind.members} - known == set()


def test_every_endpoint_is_there() -> None:
    number = BusinessNumber("1", "2", "3", "4")
    app = build_app(GraphSimulator(GraphSettings("token", number)))
    paths = {
        route.path for route in app.routes if isinstance(route, Route) and route.path.startswith("/_lab/")
    }

    assert len(paths) > 10
    assert paths - words(README) == set()
