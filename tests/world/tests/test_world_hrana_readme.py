"""The README knows every flag, fault and endpoint of the libSQL server."""

import argparse
import re
from pathlib import Path

from starlette.routing import Route
from whatsapp_world.hrana.app import build_app
from whatsapp_world.hrana.command import add_arguments
from whatsapp_world.hrana.connection import open_database
from whatsapp_world.hrana.faults import Fault
from whatsapp_world.hrana.server import HranaServer, HranaSettings

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SECTION = README.partition("## libSQL server")[2].partition("\n## ")[0]
EVERY_SERVER = {"--host", "--port", "--tls-cert", "--tls-key"}


def test_flags() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    flags = {option for action in parser._actions for option in action.option_strings}

    assert set(re.findall(r"`(--[a-z-]+)`", SECTION)) == flags - EVERY_SERVER


def test_faults() -> None:
    assert set(re.findall(r'"kind": "(\w+)"', SECTION)) == Fault.KINDS


def test_endpoints(tmp_path: Path) -> None:
    open_database(tmp_path / "x.db")
    server = HranaServer(HranaSettings(tmp_path / "x.db"))
    app = build_app(server)
    server.stop()
    paths = {route.path for route in app.routes if isinstance(route, Route)}

    assert set(re.findall(r"`(?:GET|POST) (/[^`]+)`", SECTION)) == {
        path for path in paths if not path.startswith("/_lab/")
    }
