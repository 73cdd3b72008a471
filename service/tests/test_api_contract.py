"""The OpenAPI document: it has every route, it is documented, and the running service keeps to it."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from libsql_client import Client
from whatsapp_service.api.openapi import build_document, operation_id
from whatsapp_service.api.operations import routes_of
from whatsapp_service.api.reference import main
from whatsapp_service.api.routes import OPERATIONS

ROOT = Path(__file__).parents[2]


async def test_every_route_is_in_the_document_that_is_served(api: httpx.AsyncClient) -> None:
    response = await api.get("/openapi.json", headers={"X-API-Key": ""})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    document = response.json()
    assert document["openapi"] == "3.1.0"
    served = {(route.path, method) for route in routes_of(OPERATIONS) for method in _methods(route.path)}
    told = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert told == served
    assert len({operation_id(operation) for operation in OPERATIONS}) == len(OPERATIONS)
    for path, method in sorted(served):  # what the document tells is served, and nothing else
        allowed = (await api.patch(path.format(id=1))).headers["allow"]
        assert method in allowed.split(", ")


def _methods(path: str) -> set[str]:
    return {operation.method for operation in OPERATIONS if operation.path == path}


def test_every_reference_resolves_and_every_operation_has_its_errors() -> None:
    document = build_document(OPERATIONS)
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= document["components"]["schemas"].keys()
    for methods in document["paths"].values():
        for operation in methods.values():
            assert {"414", "431", "500", "503", "504"} <= operation["responses"].keys()
            if operation["security"]:
                assert {"401", "403", "422"} <= operation["responses"].keys()
                assert operation["x-scopes"]


@pytest.mark.parametrize("missing", [{"summary": " "}, {"description": ""}, {"answers": {}}])
def test_an_operation_that_tells_nothing_cannot_be_registered(missing: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs a summary, a description and answers"):
        replace(OPERATIONS[0], **missing)


def test_the_reference_is_up_to_date(tmp_path: Path) -> None:
    assert main(["--check", "--output", str(ROOT / "docs" / "api.md")]) == 0
    copy = tmp_path / "api.md"
    assert main(["--check", "--output", str(copy)]) == 1
    assert main(["--output", str(copy)]) == 0
    assert copy.read_text() == (ROOT / "docs" / "api.md").read_text()


@pytest.mark.slow
async def test_the_service_keeps_to_it(api: httpx.AsyncClient, database: Client, tmp_path: Path) -> None:
    """Schemathesis makes requests from the document, right and wrong ones, and checks every answer."""
    for estado in ("PENDIENTE", "ERROR", "LEIDA"):
        await database.execute(
            """INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento, estado)
            VALUES (7, 1, 1, 'x', ?)""",
            (estado,),
        )
    url = f"{str(api.base_url).rstrip('/')}/openapi.json"
    configuration = Path(__file__).with_name("schemathesis.toml")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run", url),
        *("--header", "X-API-Key: all", "--checks", "all", "--max-examples", "10", "--seed", "1"),
        *("--no-color", "--warnings", "off"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode == 0, output.decode()
    stored = await database.execute("SELECT count(*) FROM whatsapp_notificaciones")
    assert int(str(stored[0][0])) > 3  # it reached the handlers
